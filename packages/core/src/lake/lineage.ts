import { type DeltaField, deltaField } from '@lance-offload/delta/transform';
import { ROW_ID } from '@lance-offload/lancedb/transform';

/** Columns the lake adds to every table. Source columns of these names are refused. */
export const LINEAGE_FIELDS: readonly DeltaField[] = [
  deltaField('_run_id', 'string'),
  deltaField('_offloaded_at', 'timestamp'),
  deltaField('_row_hash', 'long'),
];

/** The bounds of a version's validity under SCD_TYPE_2: half-open, typed as the sequence; an open row has no end. */
export const START_AT = '__START_AT';
export const END_AT = '__END_AT';

/** Every column name that is the lake's own, SCD_TYPE_2's included. */
export const RESERVED_COLUMNS: ReadonlySet<string> = new Set([
  ...LINEAGE_FIELDS.map(({ name }) => name),
  START_AT,
  END_AT,
  ROW_ID,
]);
