import { z } from 'zod';
import { HttpError } from './errors.ts';

/** The engine counts rows to skip, and probes, in 32 bits. */
const UINT32_MAX = 4_294_967_295;

const uint32 = z.number().int().min(0).max(UINT32_MAX);
const version = z.number().int().min(1).nullish();

/** Clients without a limit send 2^63 - 1, which is no safe integer; all that is asked here is a whole number. */
const rowLimit = z
  .number({ error: (issue) => (issue.input === undefined ? 'is required' : 'must be a number') })
  .refine((k) => Number.isInteger(k) && k >= 0, 'must be a whole number, 0 or more')
  .transform((k) => Math.min(k, UINT32_MAX));

/** Every way to write query vectors, as a list of them. None at all is a plain scan. */
const queryVectors = z
  .union(
    [
      z.array(z.number()).transform((vector) => (vector.length === 0 ? [] : [vector])),
      z.array(z.array(z.number()).min(1)),
      z.object({ single_vector: z.array(z.number()).min(1) }).transform((value) => [value.single_vector]),
      z
        .object({ multi_vector: z.array(z.array(z.number()).min(1)) })
        .transform((value) => value.multi_vector),
    ],
    { error: 'must be a list of numbers, a list of such lists, {single_vector} or {multi_vector}' },
  )
  .nullish()
  .transform((vectors) => vectors ?? []);

const expressions = z.record(z.string(), z.string());

const columns = z
  .union(
    [
      z.array(z.string()),
      z.object({ column_names: z.array(z.string()) }).transform((value) => value.column_names),
      z.object({ column_aliases: expressions }).transform((value) => value.column_aliases),
      expressions,
    ],
    {
      error:
        'must be a list of names, an object of SQL expressions by name, {column_names} or {column_aliases}',
    },
  )
  .nullish();

const ordering = z.object({
  column_name: z.string(),
  ascending: z.boolean().default(true),
  nulls_first: z.boolean().default(false),
});

const textQuery = z.object({
  query: z.string({ error: 'must be a string: structured full-text queries are not served' }),
  columns: z.array(z.string()).nullish(),
});

/** The body of `query`, and the `query` of `explain_plan`. Unknown keys are ignored, as the Cloud ignores them. */
export const queryBody = z.object({
  k: rowLimit,
  vector: queryVectors,
  version,
  offset: uint32.nullish(),
  filter: z.string().nullish(),
  prefilter: z.boolean().nullish(),
  columns,
  with_row_id: z.boolean().nullish(),
  order_by: z.array(ordering).nullish(),
  full_text_query: textQuery.nullish(),
  fast_search: z.boolean().nullish(),
  bypass_vector_index: z.boolean().nullish(),
  vector_column: z.string().nullish(),
  distance_type: z
    .string()
    .toLowerCase()
    .pipe(z.enum(['l2', 'cosine', 'dot']))
    .nullish(),
  lower_bound: z.number().nullish(),
  upper_bound: z.number().nullish(),
  nprobes: uint32.nullish(),
  minimum_nprobes: uint32.nullish(),
  maximum_nprobes: uint32.nullish(),
  ef: uint32.nullish(),
  refine_factor: uint32.nullish(),
});
export type QueryBody = z.output<typeof queryBody>;

export const explainBody = z.object({ verbose: z.boolean().default(false), query: queryBody });
export const versionBody = z.object({ version });
export const countBody = z.object({ version, predicate: z.string().nullish() });

export const listParams = z.object({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(UINT32_MAX - 1)
    .default(10),
  page_token: z.string().optional(),
});

/** @throws HttpError 400 naming every problem of the body. */
export function parseRequest<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const result = schema.safeParse(input ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) =>
    [path.join('.'), message].filter(Boolean).join(': '),
  );
  throw new HttpError(400, problems.join('; '));
}
