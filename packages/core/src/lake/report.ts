import { z } from 'zod';
import { FORMAT_VERSION, type RunPlan } from '../plan/run-plan.ts';

/** report.json: how a run ended. A run without one is open. */
export const runReportSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  /** `unchanged`: the lake holds this version and selection already, and nothing was read. */
  state: z.enum(['published', 'unchanged', 'cancelled']),
  ingestionType: z.string(),
  sourceVersion: z.int(),
  sourceRows: z.int(),
  /** Rows of this run counted in the lake's files after the commit, through the Delta log. */
  lakeRows: z.int(),
  /** The audit passed: rows, distinct row ids and row hashes in the lake are those of the source. */
  verified: z.boolean(),
  distinctRowIds: z.int(),
  pages: z.int(),
  requests: z.int(),
  sourceBytes: z.int(),
  lakeBytes: z.int(),
  deltaVersion: z.int().nullable(),
  droppedColumns: z.array(z.object({ name: z.string(), reason: z.string() })),
  notes: z.array(z.string()),
  startedAtMs: z.int(),
  finishedAtMs: z.int(),
});
export type RunReport = z.output<typeof runReportSchema>;

/** What a report says of a run that has put nothing into the lake. */
export function emptyReport(plan: RunPlan, state: RunReport['state']): RunReport {
  return {
    formatVersion: FORMAT_VERSION,
    runId: plan.runId,
    table: plan.table,
    destination: plan.destination,
    state,
    ingestionType: plan.ingestionType,
    sourceVersion: plan.sourceVersion,
    sourceRows: plan.sourceRows,
    lakeRows: 0,
    verified: false,
    distinctRowIds: 0,
    pages: 0,
    requests: 0,
    sourceBytes: 0,
    lakeBytes: 0,
    deltaVersion: null,
    droppedColumns: plan.droppedColumns,
    notes: plan.notes,
    startedAtMs: plan.startedAtMs,
    finishedAtMs: Date.now(),
  };
}
