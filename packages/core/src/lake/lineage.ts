import type { DeltaField } from '../plan/lake-type.ts';
import { deltaField } from '../plan/lake-type.ts';

/** The row id the source reports for each row, unique within one version only. */
export const ROW_ID = '_rowid';

/** Columns the lake adds to every table. Source columns of these names are refused. */
export const LINEAGE_FIELDS: readonly DeltaField[] = [
  deltaField('_run_id', 'string'),
  deltaField('_offloaded_at', 'timestamp'),
  deltaField('_row_hash', 'long'),
];

/** Every column name that is the lake's own, SCD_TYPE_2's included. */
export const RESERVED_COLUMNS: ReadonlySet<string> = new Set([
  ...LINEAGE_FIELDS.map(({ name }) => name),
  '__START_AT',
  '__END_AT',
  ROW_ID,
]);
