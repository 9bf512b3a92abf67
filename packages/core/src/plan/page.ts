import { z } from 'zod';

/** An offset range of a run: one job, one query request, one Parquet file. */
export const pageSchema = z.strictObject({
  index: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  limit: z.int().positive(),
  /** Its kind, called `scan` in jobs and receipts. `keys`: a page of a key sweep, which reads nothing but the primary keys. */
  scan: z.enum(['rows', 'keys']).default('rows'),
  /** Not of the plan: rows that the planned pages lacked, fetched by their ids. */
  repair: z.boolean().default(false),
});
export type Page = z.output<typeof pageSchema>;

/** What a page reads: rows, or for a sweep their keys alone. */
export type PageKind = Page['scan'];
