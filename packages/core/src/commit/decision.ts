import { z } from 'zod';
import { READABLE_FORMATS } from '@lance-offload/delta';

/**
 * decision.json: whether a run is committed or cancelled. A claim: whoever comes second does what the first has decided. A
 * commit makes it before its log entry, a cancel before anything else.
 */
export const decisionSchema = z.object({
  formatVersion: z.literal(READABLE_FORMATS),
  runId: z.string(),
  decision: z.enum(['commit', 'cancel']),
  attempt: z.string(),
  atMs: z.int(),
});
export type Decision = z.output<typeof decisionSchema>;
