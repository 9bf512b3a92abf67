import { z } from 'zod';
import { flag, names, wholeNumber } from './option-values.ts';
import { schedulePattern } from './schedule.ts';
import { searchOptions } from './search-options.ts';

/** How a run's rows are brought into the lake; the names are those of Databricks' Lakeflow, in any case. */
export const ingestionType = z.preprocess(
  (value) => (typeof value === 'string' ? value.toUpperCase() : value),
  z.enum(['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2']),
);

/** Largest `batch_size` the source's API allows for one query. */
export const MAX_BATCH_SIZE = 10_000;

/** Options of one table, as in docs/configuration.md. Absent means the default said there. */
export const tableOptionsSchema = z.strictObject({
  columns: names.optional(),
  use_full_scan: flag.optional(),
  batch_size: wholeNumber(1, MAX_BATCH_SIZE).optional(),
  // Not trimmed: the source gets it as it is written here.
  filter_expression: z
    .string()
    .refine((sql) => sql.trim() !== '', 'must not be empty')
    .optional(),
  with_row_id: flag.optional(),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  version: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  ...searchOptions,
  ingestion_type: ingestionType.optional(),
  primary_keys: names.optional(),
  sequence_by: z.string().min(1).optional(),
  cursor_field: z.string().min(1).optional(),
  change_tracking: z
    .literal('row_version', 'must be row_version: the versions LanceDB keeps of rows')
    .optional(),
  detect_deletes: flag.optional(),
  binary_columns: z.enum(['drop', 'keep', 'error']).optional(),
  destination_table: z.string().min(1).optional(),
  schedule: schedulePattern.optional(),
});

export type IngestionType = z.output<typeof ingestionType>;

/** Whether a mode tells rows apart by keys ("slowly changing dimension"). */
export function isScd(type: IngestionType): boolean {
  return type !== 'APPEND_ONLY';
}

export type TableOptions = z.output<typeof tableOptionsSchema>;

/** What an option that is not given means, where that is one and the same for every table. */
export const OPTION_DEFAULTS = {
  with_row_id: false,
  offset: 0,
  prefilter: true,
  fast_search: false,
  bypass_vector_index: false,
} as const satisfies Partial<TableOptions>;

/** `batch_size` where it is not given, by what it is the size of: pages of a scan, or the answer of a search. */
export const DEFAULT_BATCH_SIZE = {
  /** Tables of up to `SMALL_TABLE_ROWS` rows. */
  smallTable: 1000,
  largeTable: MAX_BATCH_SIZE,
  search: 1000,
} as const;

export const SMALL_TABLE_ROWS = 10_000;
