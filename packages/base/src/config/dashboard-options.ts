import { z } from 'zod';
import { parsePasswordHash } from './password-hash.ts';

const userSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/, 'must be up to 64 letters, digits and . _ @ + -'),
  role: z.enum(['viewer', 'operator']),
  password_hash: z
    .string()
    .refine(
      (text) => parsePasswordHash(text) !== undefined,
      'must be a hash, never the password itself; `lance-dashboard hash-password` makes one',
    ),
});

type User = z.output<typeof userSchema>;

/** Names differ by more than the case of their letters: a person types either. */
function refuseSameNames(users: readonly User[], context: z.RefinementCtx): void {
  const seen = new Set<string>();
  for (const [index, { name }] of users.entries()) {
    if (seen.has(name.toLowerCase())) {
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: 'must differ from the other users’',
      });
    }
    seen.add(name.toLowerCase());
  }
}

/** Who may use the dashboard. Without users it serves this machine only, and asks nobody who they are. */
export const dashboardSchema = z.strictObject({
  users: z.array(userSchema).superRefine(refuseSameNames).default([]),
  metrics_token: z
    .string()
    .regex(
      /^[\x21-\x7E]{16,512}$/,
      'must be 16 characters or more, without white space; `openssl rand -hex 32` makes one',
    )
    .optional(),
  session_hours: z.coerce.number().positive().max(720).default(12),
});

/** The keys of a user, for "did you mean". */
export const USER_KEYS: readonly string[] = Object.keys(userSchema.shape);

export type DashboardSettings = z.output<typeof dashboardSchema>;
export type DashboardUser = User;
