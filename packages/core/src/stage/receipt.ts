import { z } from 'zod';
import { READABLE_FORMATS } from '@lance-offload/delta';
import { pageSchema } from '../plan/page.ts';

const stagedFile = z.object({
  /** Relative to the table, as the Delta log will name it. */
  path: z.string(),
  size: z.int().positive(),
  rows: z.int().positive(),
  /** xxHash64 of the file's bytes, 16 hex digits. */
  checksum: z.string(),
  /** Sum of the rows' `_row_hash` modulo 2^64, signed, decimal. */
  rowHashSum: z.string(),
  /** Delta `add.stats`, JSON text. */
  stats: z.string(),
});
export type StagedFile = z.output<typeof stagedFile>;

/** What a staged page proves about itself. Its being there is what makes the page done: a claim, of which the first one stands. */
export const receiptSchema = z.object({
  formatVersion: z.literal(READABLE_FORMATS),
  runId: z.string(),
  page: pageSchema,
  sourceVersion: z.int(),
  /** As many as the page has; the answer to a search may have fewer, or none, and then there is no file. */
  rows: z.int().nonnegative(),
  /** Bytes of the Arrow answers, as received. */
  sourceBytes: z.int().nonnegative(),
  /** Queries it took: more than one where the server capped `k` or the answer was too large. */
  requests: z.int().positive(),
  rowIds: z.object({ min: z.string(), max: z.string(), distinct: z.int() }),
  files: z.array(stagedFile),
  stagedAtMs: z.int(),
  worker: z.string(),
  /** The attempt that staged the page. */
  attempt: z.string().optional(),
  timings: z.object({ fetchMs: z.number(), transformMs: z.number(), writeMs: z.number() }),
});
export type Receipt = z.output<typeof receiptSchema>;
