export { stagedRowIds } from './lake/audit.ts';
export { entryOfRun, lastCommitIn, outcomesOf } from './lake/commit-actions.ts';
export { commitRun, type Repair } from './lake/commit-run.ts';
export { finishRun } from './lake/finish-run.ts';
export { END_AT } from './lake/lineage.ts';
export { listingProgress } from './lake/listing-progress.ts';
export type { Opening } from './lake/opening.ts';
export { dataFilePath, keysFilePath, LakePaths, newAttemptId } from './lake/paths.ts';
export { fenceRun, type CommitStep, type OnCommitStep } from './lake/publish-run.ts';
export type { Receipt, StagedFile } from './lake/receipt.ts';
export { emptyReport, unchangedReport, type RunReport } from './lake/report.ts';
export { createRowIdFile, readRowIds } from './lake/row-id-file.ts';
export { mostLacking } from './lake/settle-plan.ts';
export { openLake, Staging, type RunKey } from './lake/staging.ts';
export { tableState, type TableState } from './lake/table-state.ts';
export type { TransformedPage, TransformTask } from './lake/transform-page.ts';
export { createViews, refreshDatabase } from './lake/views.ts';
export { buildPlan, type PlanDeps, type PlannedRun } from './plan/build-plan.ts';
export { planColumns, type ColumnPlan } from './plan/columns.ts';
export {
  cursorDuckdbLiteral,
  cursorWindowSql,
  maxCursorSql,
  quoteSourceColumn,
} from './plan/cursor-value.ts';
export { lakeColumns, type LakeColumn } from './plan/lake-columns.ts';
export { lakeSchemaOf, writeTypes } from './plan/lake-schema.ts';
export { pageScanOf, transformOf } from './plan/page-scan.ts';
export { bytesPerRow, rowsPerPage } from './plan/page-size.ts';
export { pageSchema, type Page } from './plan/page.ts';
export { jobFields, PAYLOAD_VERSION, planJobSchema, type PlanJob } from './plan/plan-job.ts';
export { judgeAgain, refuseMadeAnew } from './plan/read-identity.ts';
export { isRunId, newRunId } from './plan/run-id.ts';
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
