export { stagedRowIds } from './commit/audit.ts';
export { endInState, endOfRun, lastCommitOf } from './commit/commit-actions.ts';
export { commitRun, type Repair } from './commit/commit-run.ts';
export { finishRun } from './commit/finish-run.ts';
export { fenceRun, type CommitStep } from './commit/publish-run.ts';
export { emptyReport, unchangedReport, type RunReport } from './commit/report.ts';
export type { Opening } from './lake/opening.ts';
export { dataFilePath, keysFilePath, newAttemptId } from './lake/paths.ts';
export { readAllMetaData } from './lake/all-metadata.ts';
export { readHistory, type HistoryPart } from './lake/read-history.ts';
export { newestRuns, runsSince, startOfRun, type RecentRun } from './lake/recent-runs.ts';
export { tableState, type TableState } from './lake/table-state.ts';
export { END_AT } from './lake/validity.ts';
export { createViews } from './lake/views.ts';
export { buildPlan, type PlanDeps, type PlannedRun } from './plan/build-plan.ts';
export { planColumns, type ColumnPlan } from './plan/columns.ts';
export {
  cursorDuckdbLiteral,
  cursorWindowSql,
  maxCursorSql,
  quoteSourceColumn,
} from './plan/cursor-value.ts';
export { lakeColumns } from './plan/lake-columns.ts';
export { lakeSchemaOf, writeTypes } from './plan/lake-schema.ts';
export { pageScanOf, transformOf } from './plan/page-scan.ts';
export { bytesPerRow, rowsPerPage } from './plan/page-size.ts';
export { pageSchema, type Page, type PageKind } from './plan/page.ts';
export { jobFields, PAYLOAD_VERSION, planJobSchema, type PlanJob } from './plan/plan-job.ts';
export { judgeAgain, refuseMadeAnew } from './plan/read-identity.ts';
export { isRunId, isRunIdOf, newRunId } from './plan/run-id.ts';
export {
  columnsNamed,
  pageCount,
  planPages,
  queryFilterOf,
  SWEEP_ROWS_PER_PAGE,
  type RunPlan,
} from './plan/run-plan.ts';
export { isSchemaChangeNote, type SchemaChange } from './plan/schema-changes.ts';
export { committedAt } from './plan/stands-on.ts';
export { listingProgress } from './stage/listing-progress.ts';
export type { Receipt, StagedFile } from './stage/receipt.ts';
export { createRowIdFile, readRowIds } from './stage/row-id-file.ts';
export { mostLacking } from './stage/settle-plan.ts';
export { openLake, Staging, type RunKey } from './stage/staging.ts';
export type { TransformedPage, TransformTask } from './stage/transform-page.ts';
