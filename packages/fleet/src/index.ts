export {
  readInterventions,
  logIntervention,
  type Intervention,
  type InterventionOutcome,
  type NewIntervention,
} from './jobs/intervention-log.ts';
export {
  findFailures,
  RUN_STEPS,
  type FailedJob,
  type FailureFilter,
  type RunStep,
} from './jobs/failures.ts';
export { fireSchedule, type FireDeps, type ScheduleOutcome } from './jobs/fire-schedule.ts';
export { FleetPace } from './jobs/fleet-pace.ts';
export type { FleetLink } from './jobs/fleet-link.ts';
export { holdOpening } from './jobs/hold-opening.ts';
export { readLimits, setLimits, type LimitChanges, type Limits } from './jobs/limits.ts';
export { readClaims, type RunClaims } from './jobs/look-at-run.ts';
export { Parking } from './jobs/parking.ts';
export { pause, readPauses, resume, type Pauses, type PauseScope } from './jobs/pauses.ts';
export {
  commitJobSchema,
  failureSchema,
  pageJobSchema,
  type CommitJob,
  type Failure,
  type PageJob,
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
} from './jobs/queues.ts';
export { answersPing, connectRedis, DEFAULT_REDIS_URL } from './jobs/redis.ts';
export { retryFailures, type RetryOptions, type RetryOutcome } from './jobs/retry.ts';
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
export { stateOf } from './jobs/run-state.ts';
export { findRun, runStatus, type RunFailure, type RunStatus } from './jobs/run-status.ts';
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
export { isTriedAgain, settleFailure } from './jobs/settle-failure.ts';
export {
  ALL_STATE_WORDS,
  isEnded,
  isMoving,
  isSettled,
  STATE_WORDS,
  type RunState,
  type StateWord,
} from './jobs/state-words.ts';
export { shellWord, STATE_MEANINGS, waysOutOf, type WayOut } from './jobs/ways-out.ts';
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
export { errorField, latencyField, type FleetCounts } from './monitor/counts.ts';
export {
  beat,
  BEAT_MS,
  LOST_AFTER_MS,
  readWorkers,
  type Beat,
  type Work,
  type WorkerStanding,
} from './monitor/heartbeats.ts';
export { LATENCY_BOUNDS_MS, quantile } from './monitor/latency.ts';
export { KEEP_RUNS_S, type Monitored } from './monitor/monitor-keys.ts';
export { logRun, readRunLog, type RunLogLine } from './monitor/run-log.ts';
export {
  PAGE_STATES,
  readLakeTables,
  readPageStates,
  readRecord,
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
