export { duckdbTypeOf } from './duckdb/duckdb-type.ts';
export { duckdbLimits, quoteIdentifier, quoteText, withDuckDB } from './duckdb/duckdb.ts';
export { hasInfinity, nextAfterSql } from './duckdb/next-after.ts';
export type { LogState } from './log/checkpoint/log-state.ts';
export { readState } from './log/checkpoint/read-state.ts';
export type { IsDone } from './log/checkpoint/retention.ts';
export { checkpointIfDue } from './log/checkpoint/write-checkpoint.ts';
export {
  protocolFor,
  type Action,
  type Add,
  type CommitInfo,
  type DeletionVector,
  type MetaData,
  type Protocol,
  type Remove,
} from './log/delta-actions.ts';
export {
  appendEntry,
  FORMAT_KEY,
  historyOf,
  readEntries,
  readLog,
  readSnapshot,
  replay,
  runOf,
  SELECTION_KEY,
  snapshotOf,
  type LogEntry,
  type Snapshot,
} from './log/delta-log.ts';
export { FORMAT_VERSION, READABLE_FORMATS } from './log/format.ts';
export { readLatestMetaData, type LatestMetaData } from './log/latest-metadata.ts';
export { snapshotAt, type LakeMoment } from './log/lake-moment.ts';
export { parseFile } from './log/parse-file.ts';
export { widenZeroBounds } from './parquet/zero-bounds.ts';
export {
  dataFileKey,
  dataFilePathOf,
  FILE,
  liveRows,
  loadDeletedRows,
  ROW,
  type DataFile,
} from './rows/deleted-rows.ts';
export {
  deletionVectorFile,
  deletionVectorKey,
  encodeDeletionVectors,
  readDeletionVector,
} from './rows/deletion-vector.ts';
export { getText, makeClaim, type Attempted, type Claimed } from './store/claim.ts';
export { openStore } from './store/open-store.ts';
export { withScratchFile } from './store/scratch.ts';
export { StoreView } from './store/store-view.ts';
export type { Store } from './store/store.ts';
export {
  deltaField,
  holdsBinary,
  lakeTypeOf,
  type DeltaField,
  type DeltaStruct,
  type DeltaType,
} from './types/lake-type.ts';
export {
  isWidening,
  wasWidened,
  widenField,
  writeTypeSchema,
  type WriteType,
} from './types/type-widening.ts';
export { floorDivide } from './values/floor-divide.ts';
export { cutOf, cutValues, inexactKeyError } from './values/inexact-keys.ts';
