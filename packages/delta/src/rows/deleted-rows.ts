import type { DuckDBConnection } from '@duckdb/node-api';
import type { DeltaStruct } from '../types/lake-type.ts';
import type { Store } from '../store/store.ts';
import { readDeletionVector } from './deletion-vector.ts';
import type { Add, DeletionVector } from '../log/delta-actions.ts';
import { quoteIdentifier, quoteText } from '../duckdb/duckdb.ts';
import { duckdbTypeOf } from '../duckdb/duckdb-type.ts';
import { exactColumn } from '../duckdb/exact-column.ts';

/** Columns of `liveRows` beside those of the data: a row's file, as an absolute path, and its position in there from 0. */
export const FILE = '__lance_offload_file';
export const ROW = '__lance_offload_row';

/** Files read at once. */
const CONCURRENCY = 32;

/** A data file of a table, as the Delta log or a receipt names it. */
export type DataFile = Pick<Add, 'path'> & { readonly deletionVector?: DeletionVector | undefined };

export interface LiveRowsOptions {
  /** A table filled by `loadDeletedRows`. */
  readonly deletedTable: string;
  /** The columns to select; all when absent. */
  readonly columns?: readonly string[];
  /**
   * Reads every file in these columns and types, whatever its own are: a column it lacks is null, one it has besides is
   * not seen. Without it the files' own columns are matched by name, and one named `file_row_number` is refused.
   */
  readonly schema?: DeltaStruct;
}

/** The key of a data file in its table. `add.path` is relative and percent-encoded (PROTOCOL.md, "Add File and Remove File"). */
export function dataFileKey(file: Pick<Add, 'path'>): string {
  return decodeURIComponent(file.path);
}

/** What DuckDB calls a data file. */
export function dataFilePathOf(table: Store, file: Pick<Add, 'path'>): string {
  return table.locate(dataFileKey(file));
}

/**
 * Positions as DuckDB's BIT: a byte for the bits of padding, then a bit per row, the first row's the highest. A bit per
 * row instead of a database row per deleted row: a thirtieth of the time to load, and a hundredth of the memory.
 */
function bitsOf(positions: Uint32Array): Uint8Array {
  const bits = new Uint8Array(2 + Math.floor((positions.at(-1) ?? 0) / 8));
  for (const position of positions) {
    const byte = 1 + Math.floor(position / 8);
    bits[byte] = (bits[byte] ?? 0) | (128 >> (position % 8));
  }
  return bits;
}

/**
 * Loads the deletion vectors of a table's files into a table `(file VARCHAR, deleted BIT)` of DuckDB, for `liveRows`: the
 * absolute path of each file that has one, and a bit per row.
 *
 * @param table its name, with a schema's in front or not; created where it is missing.
 * @throws OffloadError `LAKE_UNAVAILABLE` where a vector cannot be read.
 */
export async function loadDeletedRows(
  connection: DuckDBConnection,
  table: string,
  lakeTable: Store,
  files: readonly DataFile[],
): Promise<void> {
  await connection.run(`CREATE TABLE IF NOT EXISTS ${table} (file VARCHAR PRIMARY KEY, deleted BIT)`);
  const [name = table, schema] = table.split('.').toReversed();
  const marked = files.flatMap(({ path: file, deletionVector: vector }) =>
    vector ? [{ path: file, vector }] : [],
  );
  const { DuckDBBitValue } = await import('@duckdb/node-api');
  const appender = await connection.createAppender(name, schema);
  try {
    for (let start = 0; start < marked.length; start += CONCURRENCY) {
      const some = marked.slice(start, start + CONCURRENCY);
      const positions = await Promise.all(some.map(({ vector }) => readDeletionVector(lakeTable, vector)));
      for (const [index, file] of some.entries()) {
        appender.appendVarchar(dataFilePathOf(lakeTable, file));
        appender.appendBit(new DuckDBBitValue(bitsOf(positions[index] ?? new Uint32Array())));
        appender.endRow();
      }
    }
  } finally {
    appender.closeSync();
  }
}

/** The argument of `read_parquet` that maps a file's columns to `c0, c1, …`, so that none hides `file_row_number`. */
function readAs({ fields }: DeltaStruct): string {
  const columns = fields.map(
    ({ name, type }, index) =>
      `${quoteText(name)}: {name: 'c${index}', type: ${quoteText(duckdbTypeOf(type))}, default_value: NULL}`,
  );
  return `schema := MAP {${columns.join(', ')}}`;
}

/** Files of closed versions: those of earlier releases have DuckDB's Bloom filters. */
const CLOSED_FILE = /\/closed-\d+-\d+\.parquet$/;

/**
 * A folder named `key=value` is no column. Bounds of floats leave NaN out in files of many writers (of our own before
 * they were left away where a NaN is), and to DuckDB it is the greatest value: no maximum of floats is to be trusted.
 */
const READING = 'hive_partitioning := false, can_have_nan := true';

function filesSql(paths: readonly string[], { columns, schema }: LiveRowsOptions): string {
  // Nothing in a path is a pattern.
  const list = paths.map((file) => quoteText(file.replaceAll(/[*?[]/g, '[$&]'))).join(', ');
  const from = (columnsArgument: string) =>
    `FROM read_parquet([${list}], ${READING}, filename := ${quoteText(FILE)}, ${columnsArgument})`;
  if (!schema) {
    const own = columns
      ? `, ${columns.map(quoteIdentifier).join(', ')}`
      : `, * EXCLUDE (${FILE}, file_row_number)`;
    return `SELECT ${FILE}, file_row_number AS ${ROW}${own} ${from('file_row_number := true, union_by_name := true')}`;
  }
  const bloomed = paths.some((file) => CLOSED_FILE.test(file));
  const numbers = new Map(schema.fields.map(({ name }, index) => [name, index]));
  const selected = (columns ?? [...numbers.keys()]).map((name) => {
    const number = numbers.get(name) ?? -1;
    const field = schema.fields[number];
    if (!field) throw new TypeError(`the schema has no column "${name}"`);
    return `, ${exactColumn(field, `c${number}`, bloomed)} AS ${quoteIdentifier(name)}`;
  });
  return `SELECT ${FILE}, file_row_number AS ${ROW}${selected.join('')} ${from(readAs(schema))}`;
}

/**
 * A vector ends with its last deleted row; of branches only CASE promises that the bits behind it are not asked for. A
 * file whose vector was not loaded must not pass for one without.
 */
const IS_LIVE = `CASE WHEN d.deleted IS NULL THEN error('the deleted rows of ' || s.${FILE} || ' are not loaded')
  WHEN s.${ROW} < bit_length(d.deleted) THEN get_bit(d.deleted, s.${ROW}::INTEGER) = 0 ELSE true END`;

/**
 * A SELECT over the live rows of data files: `FILE`, `ROW` and the columns. Files without a deletion vector are just
 * read; the rows of the others pass a bit each.
 *
 * @param files one at least.
 */
export function liveRows(table: Store, files: readonly DataFile[], options: LiveRowsOptions): string {
  const paths = (some: readonly DataFile[]) => some.map((file) => dataFilePathOf(table, file));
  const whole = files.filter(({ deletionVector }) => !deletionVector);
  const marked = files.filter(({ deletionVector }) => deletionVector);
  const parts = whole.length > 0 ? [filesSql(paths(whole), options)] : [];
  if (marked.length > 0) {
    parts.push(
      `SELECT s.* FROM (${filesSql(paths(marked), options)}) s LEFT JOIN ${options.deletedTable} d ON d.file = s.${FILE} WHERE ${IS_LIVE}`,
    );
  }
  if (parts.length === 0) throw new RangeError('there is no file to read rows of');
  return parts.join(' UNION ALL BY NAME ');
}
