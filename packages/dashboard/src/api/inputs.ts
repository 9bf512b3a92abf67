import { RUN_STEPS } from '@lance-offload/fleet';
import { z } from 'zod';
import { ApiError } from './api-error.ts';

const MOST_JOBS = 200;

const text = z.string().min(1).max(500);
/** A whole number in a query, written out. */
const count = z
  .string()
  .regex(/^\d{1,9}$/, 'it must be a whole number')
  .transform(Number);

const filterFields = {
  code: text.exactOptional(),
  table: text.exactOptional(),
  runId: text.exactOptional(),
  step: z.enum(RUN_STEPS).exactOptional(),
};

export const failuresQuery = z.strictObject(filterFields);

export const failedJobsQuery = z.strictObject({
  ...filterFields,
  offset: count.default(0),
  limit: count.default(50).pipe(z.number().int().min(1).max(MOST_JOBS)),
});

export const pagesQuery = z.strictObject({ from: count.optional(), to: count.optional() });

export const interventionsQuery = z.strictObject({
  limit: count.default(200).pipe(z.number().int().min(1).max(1000)),
});

export const streamQuery = z.discriminatedUnion('topic', [
  z.strictObject({ topic: z.literal('overview') }),
  z.strictObject({ topic: z.literal('failures') }),
  z.strictObject({ topic: z.literal('run'), run: text }),
]);

/** A change that takes no input: an absent body, or an empty object. */
export const nothing = z.strictObject({}).optional();

export const pauseBody = z.discriminatedUnion('scope', [
  z.strictObject({ scope: z.literal('fleet') }),
  z.strictObject({ scope: z.literal('table'), name: text }),
  z.strictObject({ scope: z.literal('run'), name: text }),
]);
export type PauseBody = z.output<typeof pauseBody>;

export const limitsBody = z
  .strictObject({
    concurrency: z.int().min(1).max(1_000_000).nullable().optional(),
    requestsPerSecond: z.number().positive().max(1_000_000).nullable().optional(),
  })
  .refine(
    ({ concurrency, requestsPerSecond }) => concurrency !== undefined || requestsPerSecond !== undefined,
    {
      message: 'give concurrency, requestsPerSecond, or both; null lifts a limit',
    },
  );

export const retryBody = z.strictObject({
  filter: z.strictObject({ ...filterFields, jobIds: z.array(text).min(1).max(10_000).exactOptional() }),
  perSecond: z.number().positive().max(10_000).optional(),
});

/**
 * Input by its schema.
 *
 * @param where - `query` or `body`, for the message.
 * @throws ApiError 400 that says what is wrong, and where.
 */
export function parseInput<Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
  where: 'query' | 'body',
): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${[where, ...path].join('.')}: ${message}`,
  );
  throw new ApiError(400, 'BAD_INPUT', problems.join('; '));
}

/** An index of a page, in a path. */
export function parseIndex(value: unknown): number {
  if (typeof value === 'string' && /^\d{1,9}$/.test(value)) return Number(value);
  throw new ApiError(400, 'BAD_INPUT', 'path.index: it must be a whole number');
}
