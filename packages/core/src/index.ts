export { createLogger, type Logger } from './logger.ts';
export { nearestName } from './config/did-you-mean.ts';
export { loadConfig, sourceUrl, type Config, type Environment } from './config/load.ts';
export type { Connection } from './config/schema.ts';
export type { DashboardSettings, DashboardUser } from './config/dashboard-options.ts';
export {
  parsePasswordHash,
  scryptBytes,
  showPasswordHash,
  type PasswordHash,
} from './config/password-hash.ts';
export type { TableOptions } from './config/table-options.ts';
export {
  describeError,
  OffloadError,
  toOffloadError,
  withSample,
  type ErrorDetails,
} from './errors/offload-error.ts';
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
  type ScheduleJob,
} from './jobs/payloads.ts';
export {
  COMMIT_QUEUE,
  commitJobId,
  PAGE_QUEUE,
  pageJobId,
  placeOfJob,
  PLAN_QUEUE,
  planJobId,
  Queues,
  SCHEDULE_QUEUE,
  type Attempts,
} from './jobs/queues.ts';
export { fireSchedule, type FireDeps, type ScheduleOutcome } from './jobs/fire-schedule.ts';
export { countFailed, readCounts, type ScheduleCounts } from './jobs/schedule-counts.ts';
export {
  haveSchedulesBeenLost,
  listSchedules,
  reconcileSchedules,
  registerSchedules,
  removeSchedules,
  type RegisteredSchedule,
  type Schedule,
} from './jobs/schedules.ts';
export {
  readActions,
  recordAction,
  type Action,
  type ActionOutcome,
  type NewAction,
} from './jobs/audit-log.ts';
export { answersPing, connectRedis, DEFAULT_REDIS_URL, redactUrl } from './jobs/redis.ts';
export { FleetPace } from './jobs/fleet-pace.ts';
export { isTriedAgain, settleFailure } from './jobs/settle-failure.ts';
export { findFailures, type FailedJob, type FailureFilter, type RunStep } from './jobs/failures.ts';
export { readLimits, setLimits, type LimitChanges, type Limits } from './jobs/limits.ts';
export { Parking } from './jobs/parking.ts';
export { pause, readPauses, resume, type Pauses, type PauseScope } from './jobs/pauses.ts';
export { retryFailures, type RetryOptions, type RetryOutcome } from './jobs/retry.ts';
export { createLanceClient, type LanceClient, type TableDescription } from './lancedb/client.ts';
export { showLanceType, type LanceField } from './lancedb/lance-type.ts';
export { scanQuery } from './lancedb/query.ts';
export { fetchPage, type FetchedPart, type PagedScan, type ScanRange } from './lancedb/fetch-page.ts';
export { fetchRows } from './lancedb/fetch-rows.ts';
export { listRowIds } from './lancedb/list-row-ids.ts';
export { RowIdSet } from './lancedb/row-id-set.ts';
export { stagedRowIds } from './lake/audit.ts';
export { mostLacking } from './lake/settle-plan.ts';
export { RequestSizes } from './lancedb/request-sizes.ts';
export { retryingScans } from './lancedb/retrying-scans.ts';
export { listingProgress } from './lake/listing-progress.ts';
export { holdOpening } from './jobs/hold-opening.ts';
export { createRowIdFile, readRowIds } from './lake/row-id-file.ts';
export { countArrowRows } from './lancedb/row-count.ts';
export { isSchemaChangeNote, type SchemaChange } from './plan/schema-changes.ts';
export { buildPlan, type PlanDeps, type PlannedRun } from './plan/build-plan.ts';
export { refuseMadeAnew } from './plan/read-identity.ts';
export { pageScanOf, transformOf } from './plan/page-scan.ts';
export {
  cursorDuckdbLiteral,
  cursorWindowSql,
  maxCursorSql,
  quoteSourceColumn,
} from './plan/cursor-value.ts';
export { newRunId, isRunId } from './plan/run-id.ts';
export { pageCount, planPages, queryFilterOf, FORMAT_VERSION, type RunPlan } from './plan/run-plan.ts';
export { tableState, type TableState } from './lake/table-state.ts';
export { commitRun, type Repair } from './lake/commit-run.ts';
export type { CommitStep, OnCommitStep } from './lake/publish-run.ts';
export { withDuckDB } from './lake/duckdb.ts';
export { readSnapshot } from './lake/delta-log.ts';
export { readAllMetaData } from './lake/latest-metadata.ts';
export { readHistory, type HistoryPage } from './lake/read-history.ts';
export { dataFilePath, keysFilePath, LakePaths, newAttemptId } from './lake/paths.ts';
export type { Receipt, StagedFile } from './lake/receipt.ts';
export { newestRuns, runsSince, startOfRun, type RecentRun } from './lake/recent-runs.ts';
export { emptyReport, unchangedReport, type RunReport } from './lake/report.ts';
export { openLake, Staging, type RunKey } from './lake/staging.ts';
export type { TransformedPage, TransformTask } from './lake/transform-page.ts';
export { createViews } from './lake/views.ts';
export { verifyTable, type VerifyProgress } from './verify/verify-table.ts';
export { FAULTS, type Finding, type FindingKind, type Found, type TableVerdict } from './verify/verdict.ts';
export { NO_TRACING, startTracing, type SpanFacts, type Tracing } from './telemetry/tracing.ts';
export { PRODUCT, VERSION } from './version.ts';
export { attemptsOf, type Fleet } from './jobs/fleet.ts';
export {
  cancelRun,
  prepareRetry,
  resumeRun,
  retryRun,
  startRun,
  type RetriedRun,
  type RunRequest,
  type StartedRun,
} from './jobs/run-control.ts';
export {
  ALL_STATE_WORDS,
  isEnded,
  isMoving,
  isSettled,
  stateOf,
  STATE_WORDS,
  type RunFacts,
  type RunState,
  type StateWord,
} from './jobs/run-state.ts';
export { readClaims, type RunClaims } from './jobs/look-at-run.ts';
export { findRun, runStatus, type RunFailure, type RunStatus } from './jobs/run-status.ts';
export { shellWord, STATE_MEANINGS, waysOutOf, type WayOut } from './jobs/ways-out.ts';
export { FORMAT_KEY } from './lake/delta-log.ts';
export { lakeColumns, type LakeColumn } from './plan/lake-columns.ts';
export {
  BUCKET_S,
  bucketStart,
  count,
  readBuckets,
  readTotals,
  redisTimeMs,
  sumBuckets,
  type Bucket,
} from './monitor/buckets.ts';
export { addCounts, errorField, latencyField, NO_COUNTS, type FleetCounts } from './monitor/counts.ts';
export {
  beat,
  BEAT_MS,
  LOST_AFTER_MS,
  readWorkers,
  type Beat,
  type Work,
  type WorkerStanding,
} from './monitor/heartbeats.ts';
export { KEEP_RUNS_S } from './monitor/monitor-keys.ts';
export { LATENCY_BOUNDS_MS, quantile, type Histogram } from './monitor/latency.ts';
export type { Monitored } from './monitor/monitor-keys.ts';
export { logRun, readRunLog, type RunLogLine } from './monitor/run-log.ts';
export {
  PAGE_STATES,
  readLakeTables,
  readPageStates,
  readRecord,
  readRecords,
  readRecordsOf,
  readRunIds,
  recordOpened,
  recordPlanned,
  recordReport,
  recordRetry,
  recordStaged,
  recordStep,
  type LakeTable,
  type RunRecord,
} from './monitor/run-records.ts';
export { readSeries, SERIES_BUCKET_S, type SeriesPoint } from './monitor/run-series.ts';
