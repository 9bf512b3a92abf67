import { z } from 'zod';
import { tableOptionsSchema } from '../config/table-options.ts';

/**
 * Payloads of a later version are refused rather than misread: producer and workers are upgraded together. Those of version 2 say the
 * same; a worker that knows no more than them does not keep to the lake's rules of today.
 */
export const PAYLOAD_VERSION = 3;
const READABLE_PAYLOADS = [2, PAYLOAD_VERSION] as const;

const common = {
  payloadVersion: z.literal(READABLE_PAYLOADS),
  runId: z.string().min(1),
  /** Name of the table at the source. */
  table: z.string().min(1),
  /** Name of the table in the lake. */
  destination: z.string().min(1),
};

/** An offset range of a run: one job, one query request, one Parquet file. */
export const pageSchema = z.strictObject({
  index: z.int().nonnegative(),
  offset: z.int().nonnegative(),
  limit: z.int().positive(),
  /** `keys`: a page of a key sweep, which reads nothing but the primary keys. */
  scan: z.enum(['rows', 'keys']).default('rows'),
  /** Not of the plan: rows that the planned pages lacked, fetched by their ids. */
  repair: z.boolean().default(false),
});
export type Page = z.output<typeof pageSchema>;

/** Cuts a table at a version into pages. Carries the options of the moment the run was started. */
export const planJobSchema = z.strictObject({
  ...common,
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

/** Stages one page. Everything else about it stands in the lake's plan.json. */
export const pageJobSchema = z.strictObject({ ...common, page: pageSchema });
export type PageJob = z.output<typeof pageJobSchema>;

/** Audits and publishes a run. */
export const commitJobSchema = z.strictObject(common);
export type CommitJob = z.output<typeof commitJobSchema>;

/** A schedule that came due: a run of the table is to be started, with the options the taking process has for it. */
export const scheduleJobSchema = z.strictObject({
  payloadVersion: common.payloadVersion,
  table: common.table,
  /** As in a plan's job: a process configured for another source refuses it. */
  source: z.string(),
});
export type ScheduleJob = z.output<typeof scheduleJobSchema>;

/** What a failed job keeps beside BullMQ's own text, as its progress. */
export const failureSchema = z.object({
  failure: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string(),
    details: z.looseObject({ sample: z.array(z.string()).readonly().optional() }),
    atMs: z.int(),
  }),
});
export type Failure = z.output<typeof failureSchema>['failure'];
