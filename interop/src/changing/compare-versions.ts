import { columnFacts, WHOLE_ROWS, type Batch, type ColumnFacts } from '../checksums.ts';
import type { ClickHouse, Relation } from '../clickhouse.ts';
import { compared, show, type Comparison } from '../compare.ts';
import { toArrow, type ColumnTypes, type Row } from './arrow-rows.ts';
import type { ChangedTable } from './changed-lake.ts';
import { ROW_HASH, type LakeVersion } from './lake-version.ts';

async function* batchesOf(columns: ColumnTypes, rows: readonly Row[]): AsyncIterable<Batch> {
  yield* toArrow(columns, rows).batches;
}

/** The facts of rows that a script or a model has made. */
export function factsOf(columns: ColumnTypes, rows: readonly Row[]): Promise<Map<string, ColumnFacts>> {
  return columnFacts(batchesOf(columns, rows));
}

const columnsOf = (columns: Iterable<string>): string => [...columns].join(', ');

/** What the two readers say: once, where they say the same. */
function both(clickhouse: string, duckdb: string): string {
  return clickhouse === duckdb ? clickhouse : `ClickHouse: ${clickhouse}; DuckDB: ${duckdb}`;
}

const showIn = (facts: ReadonlyMap<string, ColumnFacts>, name: string): string => {
  const found = facts.get(name);
  return found ? show(found) : 'missing';
};

/** The hash is the product's own: it has a value in every row, and both readers find the same ones. */
function compareHashes(
  rows: number,
  clickhouse: ColumnFacts | undefined,
  duckdb: ColumnFacts | undefined,
): Comparison {
  const found = [clickhouse, duckdb].map((facts) => (facts ? show(facts) : 'missing'));
  const [a = '', b = ''] = found;
  const counted = `${rows} rows, 0 nulls`;
  return compared(ROW_HASH, counted, a === b ? a.replace(/, \w+$/, '') : both(a, b));
}

function compareFilters(
  table: ChangedTable,
  { rows }: LakeVersion,
  relation: Relation,
  clickhouse: ClickHouse,
): Comparison[] {
  return table.script.filters.map(({ sql, takes }) =>
    compared(`WHERE ${sql}`, String(rows.filter(takes).length), String(clickhouse.countRows(relation, sql))),
  );
}

/**
 * One version of a table, by column and as whole rows: what the model says against ClickHouse, which reads the Delta table,
 * and DuckDB, whose view of it is in a Parquet file.
 */
export async function compareVersion(
  table: ChangedTable,
  version: LakeVersion,
  parquet: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const isLatest = version === table.versions.at(-1);
  const relation: Relation = { folder: table.folder, version: isLatest ? 'latest' : version.version };
  const { [ROW_HASH]: _, ...known } = version.columns;
  const names = Object.keys(known);
  const types = clickhouse.columnTypes(relation);
  const wanted = await factsOf(known, version.rows);
  const inClickHouse = await columnFacts(clickhouse.batches(relation), names);
  const inDuckDB = await columnFacts(clickhouse.batches({ parquet }), names);
  const inView = columnsOf(clickhouse.columnTypes({ parquet }).keys());
  return [
    compared('(columns)', columnsOf(Object.keys(version.columns)), both(columnsOf(types.keys()), inView)),
    compared('count()', String(version.rows.length), String(clickhouse.countRows(relation))),
    ...[...names, WHOLE_ROWS].map((name) =>
      compared(
        name,
        showIn(wanted, name),
        both(showIn(inClickHouse, name), showIn(inDuckDB, name)),
        (types.get(name) ?? '').replaceAll(/\s+/g, ' '),
      ),
    ),
    compareHashes(version.rows.length, inClickHouse.get(ROW_HASH), inDuckDB.get(ROW_HASH)),
    ...compareFilters(table, version, relation, clickhouse),
  ];
}
