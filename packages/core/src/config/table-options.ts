import { z } from 'zod';
import { schedulePattern } from './schedule.ts';

/** Values may be strings holding JSON (`"1000"`, `"true"`, `"[\"id\"]"`), as Lakeflow pipelines write them. */
function jsonInString<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => {
    if (typeof value !== 'string') return value;
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value; // not JSON: let the schema say what was expected
    }
  }, schema);
}

/** A list of names; a lone string is one name, unless it holds a JSON array. */
const names = z.preprocess(
  (value) => {
    if (typeof value !== 'string') return value;
    if (!value.trimStart().startsWith('[')) return [value];
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value; // broken JSON: the schema reports that an array was expected
    }
  },
  z.array(z.string().min(1)).min(1, 'must name at least one column'),
);

const wholeNumber = (min: number, max: number) => jsonInString(z.int().min(min).max(max));
const flag = jsonInString(z.boolean());

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
  use_full_scan: jsonInString(
    z.literal(true, 'only full scans are supported: leave it out, or set it to true'),
  ).optional(),
  batch_size: wholeNumber(1, MAX_BATCH_SIZE).optional(),
  filter_expression: z.string().trim().min(1).optional(),
  with_row_id: flag.optional(),
  offset: wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(),
  version: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
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
