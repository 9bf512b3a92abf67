import { columnFacts, WHOLE_ROWS, type ColumnFacts } from '../checksums.ts';
import type { ClickHouse } from '../clickhouse.ts';
import { compared, OPEN, show, type Comparison } from '../compare.ts';
import { connectSource } from '../source.ts';
import type { ChangedLake, ChangedTable } from './changed-lake.ts';
import { factsOf } from './compare-versions.ts';
import { withViews } from './view-dump.ts';

const wholeRows = (facts: ReadonlyMap<string, ColumnFacts>): string => {
  const found = facts.get(WHOLE_ROWS);
  return found ? show(found) : 'missing';
};

/** Whether LanceDB holds what the script believes it wrote. */
async function compareSources({ uri, tables }: ChangedLake): Promise<Comparison[]> {
  const connection = await connectSource(uri);
  const comparisons: Comparison[] = [];
  for (const { script, source } of tables) {
    const table = await connection.openTable(script.name);
    const found = await columnFacts(table.query());
    const written = await factsOf(source.columns, source.rows);
    comparisons.push(compared(`${script.name}: LanceDB's rows`, wholeRows(written), wholeRows(found)));
    table.close();
  }
  connection.close();
  return comparisons;
}

/** The lake's rows, or its open ones, against the source's without any model between them. */
async function compareMirror(table: ChangedTable, clickhouse: ClickHouse): Promise<Comparison> {
  const { script, source, folder, versions } = table;
  const inLake = versions.at(-1)?.columns ?? {};
  const columns = Object.fromEntries(Object.entries(inLake).filter(([name]) => name in source.columns));
  const part = { columns: Object.keys(columns).join(', '), where: script.bounds && OPEN };
  const found = await columnFacts(clickhouse.batches({ folder, version: 'latest' }, part));
  const wanted = await factsOf(columns, source.rows);
  return compared(
    `${script.name}: the lake's ${script.bounds ? 'open ' : ''}rows`,
    wholeRows(wanted),
    wholeRows(found),
  );
}

/** The filters and the views of open rows, as DuckDB answers them from `lake.duckdb`. */
function compareViews({ lake, tables }: ChangedLake): Promise<Comparison[]> {
  return withViews(lake, async (query) => {
    const comparisons: Comparison[] = [];
    const count = async (column: string, wanted: number, sql: string) => {
      const [[found] = []] = await query(`SELECT count(*) FROM ${sql}`);
      comparisons.push(compared(column, String(wanted), String(found)));
    };
    for (const { script, versions } of tables) {
      const rows = versions.at(-1)?.rows ?? [];
      for (const { sql, takes } of script.filters)
        await count(`${script.name} WHERE ${sql}`, rows.filter(takes).length, `${script.name} WHERE ${sql}`);
      for (const name of script.nullsInViews ?? []) {
        const isNull = `${script.name} WHERE ${name} IS NULL`;
        await count(isNull, rows.filter((row) => (row[name] ?? null) === null).length, isNull);
      }
      if (!script.bounds) continue;
      const open = rows.filter((row) => row['__END_AT'] === null);
      await count(`${script.name}_current`, open.length, `${script.name}_current`);
    }
    return comparisons;
  });
}

/** The latest version against the source itself; what else the views answer. */
export async function compareLatest(
  lake: ChangedLake,
  clickhouse: ClickHouse,
): Promise<Map<string, Comparison[]>> {
  const mirrors = lake.tables.filter(({ script }) => script.mirrorsSource);
  const mirrored: Comparison[] = [];
  for (const table of mirrors) mirrored.push(await compareMirror(table, clickhouse));
  return new Map([
    [
      `LanceDB against the script, and the lake, read by ClickHouse ${clickhouse.version}, against both`,
      [...(await compareSources(lake)), ...mirrored],
    ],
    ['lake.duckdb, read by DuckDB', await compareViews(lake)],
  ]);
}
