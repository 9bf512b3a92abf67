import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { ClickHouse } from '../clickhouse.ts';
import { compared, type Comparison } from '../compare.ts';
import { filtersOf, offloadPredicateTable, type Filter } from './predicate-table.ts';

/** `PREDICATES=20000 PREDICATES_SEED=7 npm run test:interop` asks for more filters, or for others. */
const FILTERS = Number(process.env['PREDICATES'] ?? 2000);
const SEED = Number(process.env['PREDICATES_SEED'] ?? 1);

/** Of a filter, the rows a reader finds, and the rows in memory that it is true of by the same reader's rules. */
type Counts = readonly [found: number, all: number];

function literal({ column }: Filter, value: string): string {
  if (column === 'at' || column === 'zoned') return `fromUnixTimestamp64Micro(toInt64(${value}), 'UTC')`;
  if (column === 'price') return `toDecimal64('${value}', 2)`;
  if (column === 'n') return `toInt64('${value}')`;
  if (column === 'text') return `'${value}'`;
  return column === 'f' ? `toFloat32('${value}')` : `toFloat64('${value}')`;
}

function sqlOf(filter: Filter): string {
  const { column, is, nested } = filter;
  const [value = '', upTo = ''] = filter.values.map((one) => literal(filter, one));
  const subject = nested ? `tupleElement(inside, '${column}')` : `"${column}"`;
  if (is === 'null') return `isNull(${subject})`;
  if (is === 'nan') return `isNaN(${subject})`;
  return is === 'between' ? `${subject} BETWEEN ${value} AND ${upTo}` : `${subject} ${is} ${value}`;
}

/** Conditions in one query. */
const TOGETHER = 50;

function inClickHouse(folder: string, filters: readonly Filter[], clickhouse: ClickHouse): Counts[] {
  const relation = { folder, version: 'latest' } as const;
  const conditions = filters.map(sqlOf);
  const counts: Counts[] = [];
  for (let start = 0; start < conditions.length; start += TOGETHER) {
    const some = conditions.slice(start, start + TOGETHER);
    const all = clickhouse.countTrue(relation, some);
    for (const [index, found] of clickhouse.countFound(relation, some).entries())
      counts.push([found, all[index] ?? Number.NaN]);
  }
  return counts;
}

function comparison(reader: string, filters: readonly Filter[], counts: readonly Counts[]): Comparison {
  const wrong = filters.flatMap((filter, index) => {
    const [found, all] = counts[index] ?? [Number.NaN, Number.NaN];
    return found === all ? [] : [`${JSON.stringify(filter)}: ${found} of ${all}`];
  });
  const matched = counts.filter(([, all]) => all > 0).length;
  const right = `${filters.length} filters, each finds the rows it is true of`;
  const [first = right] = wrong;
  const lake = wrong.length === 0 ? right : `${wrong.length} filters do not, such as ${first}`;
  return compared(
    reader,
    right,
    matched > filters.length / 4 ? lake : `only ${matched} filters find any row`,
  );
}

/**
 * Lets several readers filter a table of NaN, zeros of both signs, old dates and long texts: what a reader finds must be
 * what is true of the values by its own rules, so that nothing but skipping by statistics can make a difference.
 */
export async function checkPredicates(
  folder: string,
  python: string,
  clickhouse: ClickHouse,
): Promise<Comparison[]> {
  const table = await offloadPredicateTable(folder, SEED);
  const filters = filtersOf(FILTERS, SEED + 1);
  const file = path.join(folder, 'filters.json');
  await writeFile(file, JSON.stringify(filters));
  const script = path.join(import.meta.dirname, 'filtered_counts.py');
  const { stdout } = await promisify(execFile)(python, [script, table, file], { maxBuffer: 2 ** 26 });
  const counts: Readonly<Record<string, Counts[]>> = JSON.parse(stdout);
  // ClickHouse refuses to read days that lie before 1900 or after 2299.
  const withoutDays = filters.filter(({ column }) => column !== 'day');
  return [
    comparison('ClickHouse', withoutDays, inClickHouse(table, withoutDays, clickhouse)),
    ...Object.entries(counts).map(([reader, found]) => comparison(reader, filters, found)),
  ];
}
