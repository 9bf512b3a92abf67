import { z } from 'zod';
import { FORMAT_VERSION, READABLE_FORMATS } from '@lance-offload/delta';
import type { RunPlan } from '../plan/run-plan.ts';

/** What became of the rows a run read; their sum is the number of rows read, deletes apart. */
const rowOutcomes = z.object({
  /** Keys (or, APPEND_ONLY, rows) the lake did not have. */
  inserted: z.int(),
  /** Newer versions of keys it had. */
  updated: z.int(),
  /** Keys that are gone at the source: deleted, or closed under SCD_TYPE_2. */
  deleted: z.int(),
  unchanged: z.int(),
  /** Older than the lake's version: ignored under SCD_TYPE_1, put into the history under SCD_TYPE_2. */
  late: z.int(),
  /** Not the version of its key that counts: repeated, or outdone by another row of the run. */
  superseded: z.int(),
  /** Rows of one key and one sequence with different content, in the run or between run and lake. */
  ties: z.int(),
});
export type RowOutcomes = z.output<typeof rowOutcomes>;

export const NO_OUTCOMES: RowOutcomes = {
  inserted: 0,
  updated: 0,
  deleted: 0,
  unchanged: 0,
  late: 0,
  superseded: 0,
  ties: 0,
};

/** report.json: how a run ended. A run without one is open. */
export const runReportSchema = z.object({
  formatVersion: z.literal(READABLE_FORMATS),
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  /** `unchanged`: the lake holds this version and selection already, and nothing was read. */
  state: z.enum(['published', 'unchanged', 'cancelled']),
  ingestionType: z.string(),
  sourceVersion: z.int(),
  sourceRows: z.int(),
  /**
   * Counted after the commit, in the lake's files through the Delta log: APPEND_ONLY, the rows of this run; under SCD,
   * the current rows of the table.
   */
  lakeRows: z.int(),
  /** The audit passed, and after the commit the lake holds just the rows that the audited ones make of it. */
  verified: z.boolean(),
  distinctRowIds: z.int(),
  /** Pages of the plan that were staged. */
  pages: z.int(),
  /** Pages that were staged beside them, of rows they lacked. */
  repairs: z.int().default(0),
  requests: z.int(),
  sourceBytes: z.int(),
  lakeBytes: z.int(),
  deltaVersion: z.int().nullable(),
  rows: rowOutcomes.default(NO_OUTCOMES),
  /** Rows the server left out of its pages, which were fetched by their ids. */
  missing: z.int().default(0),
  /** Rows the server sent more than once, of which the lake has one. */
  repeated: z.int().default(0),
  cursorField: z.string().optional(),
  /** Where the run began, and the greatest value the lake holds after it. */
  cursorFrom: z.string().optional(),
  cursor: z.string().optional(),
  /** The source version after which changed rows were read, where row versions tell them. */
  changedSince: z.int().optional(),
  deletes: z.string().default('none'),
  droppedColumns: z.array(z.object({ name: z.string(), reason: z.string() })),
  notes: z.array(z.string()),
  startedAtMs: z.int(),
  finishedAtMs: z.int(),
});
export type RunReport = z.output<typeof runReportSchema>;

/**
 * The report of a run that found nothing to do: a function of its plan alone, so that whichever attempt writes it, it
 * says the same.
 */
export function unchangedReport(plan: RunPlan): RunReport {
  const { runId, deltaVersion, changedIn, proved } = plan.standsOn ?? { deltaVersion: null };
  const held = `the lake holds version ${plan.sourceVersion} already`;
  const why =
    changedIn === undefined
      ? 'the report of the run that brought it, or its entry in the Delta log, is gone'
      : `another writer has changed rows of the lake table since (Delta version ${changedIn})`;
  return {
    ...emptyReport(plan, 'unchanged'),
    lakeRows: proved?.lakeRows ?? 0,
    verified: proved?.verified ?? false,
    deltaVersion,
    ...(proved?.cursor !== undefined && { cursor: proved.cursor }),
    notes: [
      ...plan.notes,
      proved ? `${held}, from run ${runId}` : `${held}; ${why}, so this run proves nothing: use --full`,
    ],
  };
}

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
    repairs: 0,
    requests: 0,
    sourceBytes: 0,
    lakeBytes: 0,
    deltaVersion: null,
    rows: NO_OUTCOMES,
    missing: 0,
    repeated: 0,
    ...(plan.cursorField !== undefined && { cursorField: plan.cursorField }),
    ...(plan.cursorFrom !== undefined && { cursorFrom: plan.cursorFrom }),
    ...(plan.changedSince !== undefined && { changedSince: plan.changedSince }),
    deletes: plan.deletes,
    droppedColumns: plan.droppedColumns,
    notes: plan.notes,
    startedAtMs: plan.startedAtMs,
    finishedAtMs: Date.now(),
  };
}
