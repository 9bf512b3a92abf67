import type { DuckDBConnection } from '@duckdb/node-api';
import type { Snapshot } from '@lance-offload/delta';
import { keyNames, type RowNames } from './compared-rows.ts';
import type { Finding, Found, JsonValue } from './verdict.ts';

/** How findings are made of the rows of a query. */
export interface Shown {
  readonly names: RowNames;
  readonly snapshot: Snapshot;
  /** Rows of each kind that are named; all are counted. */
  readonly show: number;
}

type SqlRow = Readonly<Record<string, JsonValue>>;

const isGiven = (value: JsonValue | undefined): value is JsonValue => value !== undefined && value !== null;

function foundOf(row: SqlRow, { names, snapshot }: Shown): Found {
  const { source_seq: sourceSequence, lake_seq: lakeSequence, file, row: position, rowid } = row;
  const keys = names.primaryKeys.map((name, index) => [name, row[`k${index}`] ?? null] as const);
  const path = isGiven(file) ? snapshot.files[Number(file)]?.path : undefined;
  return {
    key: keys.length > 0 ? Object.fromEntries(keys) : { _rowid: rowid ?? null },
    ...(isGiven(sourceSequence) && { sourceSequence }),
    ...(isGiven(lakeSequence) && { lakeSequence }),
    ...(path !== undefined && { file: decodeURIComponent(path), row: Number(position) }),
  };
}

/**
 * Counts the rows of a relation and names the first of them by their keys, or by their row ids where they have none.
 *
 * @param from a table, or a subquery, with the columns of the keys or `rowid`, and any of `source_seq`, `lake_seq`, `file`
 *   and `row`.
 */
export async function findRows(connection: DuckDBConnection, from: string, shown: Shown): Promise<Finding> {
  const counted = await connection.runAndReadAll(`SELECT count(*)::BIGINT FROM ${from}`);
  const count = Number(counted.getRows()[0]?.[0]);
  if (count === 0 || shown.show === 0) return { count, shown: [] };
  const keys = keyNames(shown.names);
  const order = keys.length > 0 ? keys.join(', ') : 'rowid';
  const rows = await connection.runAndReadAll(`SELECT * FROM ${from} ORDER BY ${order} LIMIT ${shown.show}`);
  return { count, shown: rows.getRowObjectsJson().map((row) => foundOf(row as SqlRow, shown)) };
}
