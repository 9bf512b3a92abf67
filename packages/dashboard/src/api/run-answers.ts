/** What the API answers about one run and its pages, as `answers.ts` does of the rest. */

import type { Failure, FailureGroup, RunRow, TableRow } from './answers.ts';

export interface LogLine {
  readonly atMs: number;
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
  readonly page?: number;
  readonly code?: string;
  readonly from: string;
}

interface Outcomes {
  readonly inserted: number;
  readonly updated: number;
  readonly deleted: number;
  readonly unchanged: number;
  readonly late: number;
  readonly superseded: number;
  readonly ties: number;
}

/** `GET /api/runs/:runId`, and the event `run` of `GET /api/events?topic=run&run=RUN` whenever it changes. */
export interface RunDetail extends RunRow {
  readonly atMs: number;
  readonly destination: string;
  readonly table: string;
  readonly pages: TableRow['pages'] & { readonly retrying: number };
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly remainingMs: number | null;
  /** The last step of the commit that was done, while it runs. */
  readonly step: string | null;
  /** What holds the run back, if anything, in a sentence, such as `The commit waits for 3 failed pages.` */
  readonly blockedBy: string | null;
  /** Commands that move on a run which does not go on by itself, the best first. */
  readonly waysOut: readonly { readonly command: string; readonly does: string }[];
  readonly pausedBy: 'fleet' | 'table' | 'run' | null;
  readonly failures: readonly FailureGroup[];
  /** Null while it is planned, or where the lake cannot be read from the dashboard. */
  readonly plan: {
    readonly source: string;
    readonly rowsPerPage: number;
    readonly pageBytes: number;
    readonly estimatedBytes: number;
    readonly paging: 'offset' | 'row-ids';
    readonly filter: string | null;
    readonly search: boolean;
    readonly cursorField: string | null;
    readonly changeTracking: string | null;
    readonly primaryKeys: readonly string[];
    readonly sequenceBy: string | null;
    readonly deletes: string;
    readonly sweepRows: number;
    readonly columns: readonly { readonly name: string; readonly type: string }[];
    readonly droppedColumns: readonly { readonly name: string; readonly reason: string }[];
    /** Columns the lake has wider than the source. */
    readonly widened: readonly string[];
    readonly notes: readonly string[];
  } | null;
  /** The audit and what the commit did; null before the report is there. */
  readonly report: {
    readonly sourceRows: number;
    readonly lakeRows: number;
    readonly distinctRowIds: number;
    readonly verified: boolean;
    readonly missing: number;
    readonly repeated: number;
    readonly requests: number;
    readonly sourceBytes: number;
    readonly lakeBytes: number;
    readonly rows: Outcomes;
    readonly notes: readonly string[];
    readonly schemaChanges: readonly string[];
  } | null;
  readonly points: readonly { readonly t: number; readonly rows: number; readonly bytes: number }[];
  readonly pointSeconds: number;
  /** The newest first. */
  readonly log: readonly LogLine[];
}

/** How many pages of a stretch stand how; a cell of the page grid. */
export interface PageCell {
  /** First and last page, both included. */
  readonly from: number;
  readonly to: number;
  readonly staged: number;
  readonly active: number;
  readonly retrying: number;
  readonly failed: number;
  readonly waiting: number;
}

/** `GET /api/runs/:runId/pages?from=0&to=99999`: at most 1,000 cells over the stretch; `to` is included. */
export interface PageCells {
  readonly total: number;
  readonly from: number;
  readonly to: number;
  readonly pagesPerCell: number;
  readonly cells: readonly PageCell[];
}

/** `GET /api/runs/:runId/pages/:index` */
export interface PageDetail {
  readonly index: number;
  readonly state: 'waiting' | 'active' | 'retrying' | 'failed' | 'staged';
  readonly scan: 'rows' | 'keys';
  readonly offset: number | null;
  readonly limit: number | null;
  readonly attempts: number | null;
  readonly worker: string | null;
  readonly rows: number | null;
  readonly bytes: number | null;
  readonly requests: number | null;
  readonly stagedAtMs: number | null;
  readonly timings: {
    readonly fetchMs: number;
    readonly transformMs: number;
    readonly writeMs: number;
  } | null;
  readonly failure: Failure | null;
  /** The job in Bull Board. */
  readonly jobUrl: string | null;
}
