import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { OffloadError } from '@lance-offload/base';
import {
  duckdbTypeOf,
  quoteIdentifier,
  quoteText,
  deltaField,
  type Snapshot,
  type DeltaStruct,
  type Store,
} from '@lance-offload/delta';
import { ROW_ID } from '@lance-offload/lancedb';

/** What names and orders the rows of a table, and which rows of the lake count. */
export interface RowNames {
  /** Columns that name a row; none under APPEND_ONLY. */
  readonly primaryKeys: readonly string[];
  /** The column that orders them, if one does. */
  readonly sequence: string | undefined;
  /** A condition on the columns of `scopeColumns`, as `r`'s; all live rows count when absent. */
  readonly scope?: string | undefined;
  readonly scopeColumns?: readonly string[] | undefined;
  /** The run of the table's last commit: its rows are as they were at the version that is compared. */
  readonly lastRun: string | null;
}

/** Names of the key columns in the tables of a comparison: `k0, k1, …`, whatever they are called in the lake. */
export function keyNames({ primaryKeys }: Pick<RowNames, 'primaryKeys'>): string[] {
  return primaryKeys.map((_, index) => `k${index}`);
}

/** The lake table a comparison is about. */
export interface ComparedLake {
  readonly place: Store;
  readonly snapshot: Snapshot;
}

/** The table's columns, and the row id that rides in every file of a run. */
export function schemaWithRowId({ schema }: Snapshot): DeltaStruct {
  const { fields } = schema;
  return fields.some(({ name }) => name === ROW_ID)
    ? schema
    : { ...schema, fields: [...fields, deltaField(ROW_ID, 'long')] };
}

function typeOf(column: string, snapshot: Snapshot): string {
  const field = schemaWithRowId(snapshot).fields.find(({ name }) => name === column);
  if (!field)
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The lake table has no column "${column}", by which its own log says that it is ordered or keyed`,
    );
  return duckdbTypeOf(field.type);
}

/** Keys, sequence (`seq`) and row id as a SELECT list over `r`: columns of the lake, or of pages of the source. */
export function namesOf({ primaryKeys, sequence }: RowNames, snapshot: Snapshot): string {
  const keys = primaryKeys.map((name, index) => `r.${quoteIdentifier(name)} AS k${index}`);
  const column = sequence === undefined ? 'NULL::BIGINT' : `r.${quoteIdentifier(sequence)}`;
  const isFloat = sequence !== undefined && ['FLOAT', 'DOUBLE'].includes(typeOf(sequence, snapshot));
  // NaN is no place in an order.
  const seq = isFloat ? `CASE WHEN NOT isnan(${column}) THEN ${column} END` : column;
  return [...keys, `${seq} AS seq`, `r.${ROW_ID} AS rowid`].join(', ');
}

/** No rows, of the types that those of `namesOf` would have. `more` are further columns. */
export function emptyRows(names: RowNames, snapshot: Snapshot, more: readonly string[]): string {
  const keys = names.primaryKeys.map((name, index) => `NULL::${typeOf(name, snapshot)} AS k${index}`);
  const seq = `NULL::${names.sequence === undefined ? 'BIGINT' : typeOf(names.sequence, snapshot)} AS seq`;
  return `SELECT ${[...keys, seq, 'NULL::BIGINT AS rowid', ...more].join(', ')} WHERE false`;
}

/** `read_parquet` over every file of a folder of ours, whatever characters its path holds. */
export function parquetFolder(folder: string): string {
  const pattern = path.join(folder.replaceAll(/[*?[]/g, '[$&]'), '*.parquet');
  return `read_parquet(${quoteText(pattern)}, hive_partitioning := false, can_have_nan := true)`;
}

/** What `readSource` has read. */
export interface ReadRows {
  readonly folder: string;
  readonly rows: number;
}

/** The source's rows as the view `source_rows`: keys, `seq`, `rowid`, `hash` and `bits`. */
export async function createSourceRows(
  connection: DuckDBConnection,
  names: RowNames,
  { snapshot }: ComparedLake,
  { folder, rows }: ReadRows,
): Promise<void> {
  const select =
    rows === 0
      ? emptyRows(names, snapshot, ['NULL::BIGINT AS hash', 'NULL::BIGINT AS bits'])
      : `SELECT ${namesOf(names, snapshot)}, r._row_hash AS hash, r._row_bits AS bits FROM ${parquetFolder(folder)} r`;
  await connection.run(`CREATE VIEW source_rows AS ${select}`);
}

/** Keys that were read, as a relation `(k0, k1, …)`. */
export function keysIn({ folder, rows }: ReadRows, names: Pick<RowNames, 'primaryKeys'>): string {
  if (rows === 0) return `(SELECT ${keyNames(names).join(', ')} FROM source_rows WHERE false)`;
  const keys = names.primaryKeys.map((name, index) => `${quoteIdentifier(name)} AS k${index}`);
  return `(SELECT ${keys.join(', ')} FROM ${parquetFolder(folder)})`;
}
