import { z } from 'zod';
import { pageSchema, jobFields } from '@lance-offload/core';

/** Stages one page. Everything else about it stands in the lake's plan.json. */
export const pageJobSchema = z.strictObject({ ...jobFields, page: pageSchema });
export type PageJob = z.output<typeof pageJobSchema>;

/** Audits and publishes a run. */
export const commitJobSchema = z.strictObject(jobFields);
export type CommitJob = z.output<typeof commitJobSchema>;

/** A schedule that came due: a run of the table is to be started, with the options the taking process has for it. */
export const scheduleJobSchema = z.strictObject({
  payloadVersion: jobFields.payloadVersion,
  table: jobFields.table,
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
