import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { arrow } from '../arrow.ts';
import { columnFacts } from '../checksums.ts';
import { withViews } from '../changing/view-dump.ts';
import type { ClickHouse, Relation } from '../clickhouse.ts';
import { compared, show, type Comparison } from '../compare.ts';
import { ID, type PlacedType, type TypeTable } from './type-table-columns.ts';

/** What both readers see of one column. */
export interface ReadType {
  readonly placed: PlacedType;
  /** The type the Delta log says, and DuckDB's. */
  readonly deltaType: string;
  readonly duckdbType: string;
  /** Rows in which DuckDB reads another value than the lake must hold. */
  readonly wrongRows: number;
  /** What the readers show of a column that is not nested, row by row. */
  readonly duckdbTexts: readonly string[];
  readonly clickhouseTexts: readonly string[];
  /** ClickHouse on the lake, against ClickHouse on a file of the values the lake must hold. */
  readonly clickhouse: Comparison;
}

const isBinary = ({ duckdb }: PlacedType): boolean => duckdb === 'BLOB';
const shown = (placed: PlacedType, cast: string): string =>
  isBinary(placed) ? `'x' || lower(hex(${placed.column}))` : cast;

type Query = (sql: string) => Promise<unknown[][]>;

async function readByDuckDB(query: Query, table: string, placed: PlacedType) {
  const cases = placed.literals.map(
    (literal, row) => `WHEN ${row} THEN ${placed.column} IS NOT DISTINCT FROM ${literal}::${placed.duckdb}`,
  );
  const [[type, wrong] = []] = await query(
    `SELECT any_value(typeof(${placed.column})), (count(*) FILTER (NOT CASE ${ID} ${cases.join(' ')} END))::INT FROM "${table}"`,
  );
  const texts = await query(
    `SELECT coalesce(${shown(placed, `${placed.column}::VARCHAR`)}, 'null') FROM "${table}" ORDER BY ${ID}`,
  );
  return {
    duckdbType: String(type),
    wrongRows: Number(wrong),
    duckdbTexts: texts.map(([text]) => String(text)),
  };
}

/** What the lake must hold, as a Parquet file that DuckDB wrote from literals: nothing of the product made it. */
async function writeExpected(query: Query, { columns }: TypeTable, file: string): Promise<void> {
  const rows = columns[0]?.literals ?? [];
  const selects = rows.map((_, row) => {
    const values = columns.map(({ column, literals, duckdb }) => `${literals[row]}::${duckdb} AS ${column}`);
    return `SELECT ${[`${row}::INT AS ${ID}`, ...values].join(', ')}`;
  });
  await query(`COPY (${selects.join(' UNION ALL ')}) TO '${file}' (FORMAT parquet)`);
}

async function clickhouseTexts(
  clickhouse: ClickHouse,
  relation: Relation,
  placed: PlacedType,
): Promise<string[]> {
  const texts = new Map<number, string>();
  const columns = `${ID} AS row, ifNull(${shown(placed, `toString(${placed.column})`)}, 'null') AS text`;
  for await (const batch of clickhouse.batches(relation, { columns })) {
    const [rows, values] = batch.data.children.map((data) => new arrow.Vector([data]));
    for (let row = 0; row < batch.numRows; row++)
      texts.set(Number(rows?.get(row)), Buffer.from(values?.get(row) as Uint8Array).toString());
  }
  return [...texts].toSorted(([a], [b]) => a - b).map(([, text]) => text);
}

/** Types of the columns, as the first entry of the Delta log has them; nested ones as JSON. */
async function deltaTypes(folder: string): Promise<Map<string, string>> {
  const entry = await readFile(path.join(folder, '_delta_log', `${'0'.repeat(20)}.json`), 'utf8');
  const actions = entry
    .trim()
    .split('\n')
    .map((line): { metaData?: { schemaString: string } } => JSON.parse(line));
  const schema = actions.find(({ metaData }) => metaData)?.metaData?.schemaString ?? '{"fields":[]}';
  const { fields }: { fields: { name: string; type: unknown }[] } = JSON.parse(schema);
  return new Map(
    fields.map(({ name, type }) => [name, typeof type === 'string' ? type : JSON.stringify(type)]),
  );
}

/** Reads a table of the lake with DuckDB, by its view, and with ClickHouse, by the Delta log. */
export async function readTypes(table: TypeTable, lake: string, clickhouse: ClickHouse): Promise<ReadType[]> {
  const folder = path.join(lake, '..', 'expected');
  await mkdir(folder, { recursive: true });
  const expected = path.join(folder, `${table.name}.parquet`);
  const relation = { folder: path.join(lake, 'tables', table.name) };
  const inLog = await deltaTypes(relation.folder);
  const byDuckDB = await withViews(lake, async (query) => {
    await query(`SET TimeZone = 'UTC'`);
    await writeExpected(query, table, expected);
    const found = [];
    for (const placed of table.columns) found.push(await readByDuckDB(query, table.name, placed));
    return found;
  });
  const names = table.columns.map(({ column }) => column);
  const wanted = await columnFacts(clickhouse.batches({ parquet: expected }), names);
  const found = await columnFacts(clickhouse.batches(relation), names);
  const read: ReadType[] = [];
  for (const [index, placed] of table.columns.entries()) {
    const duckdb = byDuckDB[index];
    const [source, inLake] = [wanted.get(placed.column), found.get(placed.column)];
    if (!duckdb || !source || !inLake) throw new Error(`${table.name}: column ${placed.column} was not read`);
    const texts =
      placed.placement.name === 'plain' ? await clickhouseTexts(clickhouse, relation, placed) : [];
    const title = `${placed.sample.lance.type}, ${placed.placement.name}`;
    read.push({
      placed,
      deltaType: inLog.get(placed.column) ?? 'missing',
      ...duckdb,
      clickhouseTexts: texts,
      clickhouse: compared(title, show(source), show(inLake)),
    });
  }
  return read;
}
