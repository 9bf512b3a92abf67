/** What the API answers about one run and its pages, as `answers.ts` does of the rest. */

import type { Page, Receipt, RunPlan, RunReport } from '@lance-offload/core';
import type { RunLogLine, RunRecord, RunStatus, WayOut } from '@lance-offload/fleet';
import type { Failure, FailureGroup, RunRow, Shown, TableRow } from './answers.ts';

/** What is shown of a plan. */
export interface PlanAnswer extends Shown<
  Pick<
    RunPlan,
    | 'source'
    | 'rowsPerPage'
    | 'pageBytes'
    | 'estimatedBytes'
    | 'paging'
    | 'filter'
    | 'cursorField'
    | 'changeTracking'
    | 'primaryKeys'
    | 'sequenceBy'
    | 'deletes'
    | 'sweepRows'
    | 'droppedColumns'
    | 'notes'
  >
> {
  readonly search: boolean;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** Columns the lake has wider than the source. */
  readonly widened: readonly string[];
}

/** What is shown of a report: the audit and what the commit did. */
export interface ReportAnswer extends Shown<
  Pick<
    RunReport,
    | 'sourceRows'
    | 'lakeRows'
    | 'distinctRowIds'
    | 'verified'
    | 'missing'
    | 'repeated'
    | 'requests'
    | 'sourceBytes'
    | 'lakeBytes'
    | 'rows'
    | 'notes'
  >
> {
  readonly schemaChanges: readonly string[];
}

/** `GET /api/runs/:runId`, and the event `run` of `GET /api/events?topic=run&run=RUN` whenever it changes. */
export interface RunDetail extends RunRow {
  readonly atMs: number;
  readonly destination: string;
  readonly pages: TableRow['pages'] & { readonly retrying: number };
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly remainingMs: number | null;
  /** The last step of the commit that was done, while it runs. */
  readonly step: Shown<RunRecord>['step'];
  /** What holds the run back, if anything, in a sentence, such as `The commit waits for 3 failed pages.` */
  readonly blockedBy: string | null;
  /** Commands that move on a run which does not go on by itself, the best first. */
  readonly waysOut: readonly WayOut[];
  readonly pausedBy: Shown<RunStatus>['paused'];
  readonly failures: readonly FailureGroup[];
  /** Null while it is planned, or where the lake cannot be read from the dashboard. */
  readonly plan: PlanAnswer | null;
  /** Null before the report is there. */
  readonly report: ReportAnswer | null;
  readonly points: readonly { readonly t: number; readonly rows: number; readonly bytes: number }[];
  readonly pointSeconds: number;
  /** The newest first. */
  readonly log: readonly RunLogLine[];
}

export type PageState = 'waiting' | 'active' | 'retrying' | 'failed' | 'staged';

/** How many pages of a stretch stand how; a cell of the page grid. */
export interface PageCell extends Readonly<Record<PageState, number>> {
  /** First and last page, both included. */
  readonly from: number;
  readonly to: number;
}

/** `GET /api/runs/:runId/pages?from=0&to=99999`: at most 1,000 cells over the stretch; `to` is included. */
export interface PageCells {
  readonly total: number;
  readonly from: number;
  readonly to: number;
  readonly pagesPerCell: number;
  readonly cells: readonly PageCell[];
}

/** `GET /api/runs/:runId/pages/:index`: of the plan what is known of it, and of the receipt once there is one. */
export interface PageDetail
  extends
    Shown<Partial<Pick<Page, 'offset' | 'limit'>>>,
    Shown<Partial<Pick<Receipt, 'worker' | 'rows' | 'requests' | 'stagedAtMs' | 'timings'>>> {
  readonly index: Page['index'];
  readonly scan: Page['scan'];
  readonly state: PageState;
  readonly attempts: number | null;
  readonly bytes: number | null;
  readonly failure: Failure | null;
  /** The job in Bull Board. */
  readonly jobUrl: string | null;
}
