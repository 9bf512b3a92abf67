import type { z } from 'zod';
import { dashboardSchema, USER_KEYS } from './dashboard-options.ts';
import { didYouMean } from './did-you-mean.ts';
import { configSchema } from './schema.ts';
import { tableOptionsSchema } from './table-options.ts';

/** Keys the schema knows at a place of the file, for "did you mean". */
function knownKeysAt(path: readonly PropertyKey[]): string[] {
  if (path[0] === 'tables' && path.length === 2) return Object.keys(tableOptionsSchema.shape);
  if (path[0] === 'connection') return Object.keys(configSchema.shape.connection.shape);
  if (path[0] === 'dashboard')
    return path[1] === 'users' ? [...USER_KEYS] : Object.keys(dashboardSchema.shape);
  return Object.keys(configSchema.shape);
}

function unknownKey(key: string, path: readonly PropertyKey[]): string {
  return `${[...path, key].join('.')}: unknown key${didYouMean(key, knownKeysAt(path), '`')}`;
}

/** The innermost issues: a union reports its branches, of which the one about the key itself is worth reading. */
function flatten(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const ofKey = issue.errors.find((branch) =>
    branch.every((inner) => inner.path.length > 0 || inner.code !== 'invalid_type'),
  );
  const best = ofKey ?? issue.errors[0] ?? [];
  return best.flatMap(flatten).map((inner) => Object.assign(inner, { path: [...issue.path, ...inner.path] }));
}

/** One line per problem, each starting with the key's path. Values are not repeated: one of them may be a secret. */
export function problemLines(error: z.ZodError): string[] {
  return error.issues.flatMap(flatten).flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, issue.path));
    return [`${issue.path.join('.') || 'the file'}: ${issue.message}`];
  });
}
