import { z } from 'zod';
import { READABLE_FORMATS } from '@lance-offload/delta';
import { planJobSchema } from '../plan/plan-job.ts';

/**
 * What opens a run: a claim to be the table's next one, under the number that follows the last one's. It can be made once
 * that one has ended, so that a table has one open run at a time, whatever fleets share the lake.
 */
export const openingSchema = z.object({
  formatVersion: z.literal(READABLE_FORMATS),
  number: z.int().positive(),
  runId: z.string(),
  /** The job that plans the run: whoever finds it without a plan can go on from here. */
  job: planJobSchema,
  /** The fleet that has it in its queues. */
  fleet: z.string(),
  attempt: z.string(),
  openedAtMs: z.int(),
});
export type Opening = z.output<typeof openingSchema>;
