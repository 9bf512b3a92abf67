import { deltaField, type DeltaField } from '@lance-offload/delta';
import { ROW_ID } from '@lance-offload/lancedb';
import { END_AT, START_AT } from './validity.ts';

/** Columns the lake adds to every table. Source columns of these names are refused. */
export const LINEAGE_FIELDS: readonly DeltaField[] = [
  deltaField('_run_id', 'string'),
  deltaField('_offloaded_at', 'timestamp'),
  deltaField('_row_hash', 'long'),
];

/** Every column name that is the lake's own, SCD_TYPE_2's included. */
export const RESERVED_COLUMNS: ReadonlySet<string> = new Set([
  ...LINEAGE_FIELDS.map(({ name }) => name),
  START_AT,
  END_AT,
  ROW_ID,
]);
