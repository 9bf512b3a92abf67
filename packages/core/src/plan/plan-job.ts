import { z } from 'zod';
import { tableOptionsSchema } from '@lance-offload/base';

/**
 * Payloads of a later version are refused rather than misread: producer and workers are upgraded together. Those of version 2 say the
 * same; a worker that knows no more than them does not keep to the lake's rules of today.
 */
export const PAYLOAD_VERSION = 3;
const READABLE_PAYLOADS = [2, PAYLOAD_VERSION] as const;

/** What every job of a run says. */
export const jobFields = {
  payloadVersion: z.literal(READABLE_PAYLOADS),
  runId: z.string().min(1),
  /** Name of the table at the source. */
  table: z.string().min(1),
  /** Name of the table in the lake. */
  destination: z.string().min(1),
};

/** Cuts a table at a version into pages. Carries the options of the moment the run was started. */
export const planJobSchema = z.strictObject({
  ...jobFields,
  /** Where the source is, without credentials: a process configured for another one refuses the job. */
  source: z.string(),
  startedAtMs: z.int(),
  options: tableOptionsSchema,
  /** `run --full`: reads everything, whatever the cursor. */
  full: z.boolean().default(false),
  /** `run --sweep-deletes`: reads the keys of the whole table, to find those that are gone. */
  sweepDeletes: z.boolean().default(false),
});
export type PlanJob = z.output<typeof planJobSchema>;
