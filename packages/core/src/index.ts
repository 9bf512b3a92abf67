export { createLogger, type Logger } from './logger.ts';
export { loadConfig, sourceUrl, type Config, type Environment } from './config/load.ts';
export type { Connection } from './config/schema.ts';
export type { TableOptions } from './config/table-options.ts';
export { describeError, OffloadError, toOffloadError, type ErrorDetails } from './errors/offload-error.ts';
export { ERROR_POLICY, type ErrorPolicy, type OffloadErrorCode } from './errors/policy.ts';
export {
  commitJobSchema,
  failureSchema,
  pageJobSchema,
  PAYLOAD_VERSION,
  planJobSchema,
  type CommitJob,
  type Failure,
  type Page,
  type PageJob,
  type PlanJob,
} from './jobs/payloads.ts';
export {
  COMMIT_QUEUE,
  commitJobId,
  PAGE_QUEUE,
  pageJobId,
  PLAN_QUEUE,
  planJobId,
  Queues,
  type Attempts,
} from './jobs/queues.ts';
export { connectRedis, DEFAULT_REDIS_URL, redactUrl } from './jobs/redis.ts';
export { settleFailure } from './jobs/settle-failure.ts';
export { createLanceClient, type LanceClient, type TableDescription } from './lancedb/client.ts';
export { showLanceType, type LanceField } from './lancedb/lance-type.ts';
export { scanQuery } from './lancedb/query.ts';
export { countArrowRows } from './lancedb/row-count.ts';
export { buildPlan, type PlanDeps, type PlannedRun } from './plan/build-plan.ts';
export { newRunId, isRunId } from './plan/run-id.ts';
export { pageCount, planPages, FORMAT_VERSION, type RunPlan } from './plan/run-plan.ts';
export { commitRun } from './lake/commit-run.ts';
export { withDuckDB } from './lake/duckdb.ts';
export { historyOf, readLog, readSnapshot, replay, runOf } from './lake/delta-log.ts';
export { dataFilePath, LakePaths } from './lake/paths.ts';
export type { Receipt, StagedFile } from './lake/receipt.ts';
export { emptyReport, type RunReport } from './lake/report.ts';
export { Staging, type RunKey } from './lake/staging.ts';
export type { TransformedPage, TransformTask } from './lake/transform-page.ts';
export { countRunRows } from './lake/run-rows.ts';
export { createViews, refreshDatabase } from './lake/views.ts';
export { PRODUCT, VERSION } from './version.ts';
export { attemptsOf, type Fleet } from './jobs/fleet.ts';
export {
  cancelRun,
  resumeRun,
  retryRun,
  startRun,
  type RunRequest,
  type StartedRun,
} from './jobs/run-control.ts';
export {
  findRun,
  isSettled,
  runStatus,
  type RunFailure,
  type RunState,
  type RunStatus,
} from './jobs/run-status.ts';
export { FORMAT_KEY } from './lake/delta-log.ts';
export { lakeColumns, type LakeColumn } from './plan/lake-columns.ts';
