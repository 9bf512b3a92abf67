export { dictionaryTypeOf, typeOf } from './arrow/arrow-data.ts';
export { dropOutputNobodyReads } from './closed-pipe.ts';
export { attemptsOf, type Attempts } from './config/attempts.ts';
export type { DashboardSettings, DashboardUser } from './config/dashboard-options.ts';
export { didYouMean, nearestName } from './config/did-you-mean.ts';
export { loadConfig, sourceUrl, type Config } from './config/load.ts';
export {
  parsePasswordHash,
  scryptBytes,
  showPasswordHash,
  type PasswordHash,
} from './config/password-hash.ts';
export type { Connection } from './config/schema.ts';
export {
  DEFAULT_BATCH_SIZE,
  ingestionType,
  isScd,
  MAX_BATCH_SIZE,
  OPTION_DEFAULTS,
  SMALL_TABLE_ROWS,
  tableOptionsSchema,
  type IngestionType,
  type TableOptions,
} from './config/table-options.ts';
export {
  describeError,
  OffloadError,
  toOffloadError,
  withSample,
  type ErrorDetails,
} from './errors/offload-error.ts';
export { ERROR_POLICY, type OffloadErrorCode } from './errors/policy.ts';
export { asLakeError, hasErrno } from './errors/system-errors.ts';
export { createLogger, type Logger } from './logger.ts';
export { startTracing } from './telemetry/start-tracing.ts';
export { NO_TRACING, type Tracing } from './telemetry/tracing.ts';
export { PRODUCT, VERSION } from './version.ts';
