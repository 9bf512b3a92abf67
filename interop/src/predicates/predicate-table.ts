import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { offload, serve } from '../../../examples/quickstart/src/commands.ts';
import {
  float64,
  instant,
  int64,
  struct,
  utf8,
  wallClock,
} from '../../../examples/quickstart/src/columns.ts';
import {
  chance,
  oddPredicate,
  oddRows,
  type OddColumn,
  type Predicate,
} from '../../../packages/core/test/lake/odd-rows.ts';
import { arrow } from '../arrow.ts';
import type { ColumnTypes, Row } from '../changing/arrow-rows.ts';
import { ChangingTable } from '../changing/changing-table.ts';
import { connectSource } from '../source.ts';

const ROWS = 600;
const PAGE_ROWS = 40;
const NAME = 'measurements';

const float32 = new arrow.Float32();
const COLUMNS: ColumnTypes = {
  id: int64,
  seq: int64,
  f: float32,
  d: float64,
  day: new arrow.DateDay(),
  at: wallClock,
  zoned: instant,
  text: utf8,
  n: int64,
  price: new arrow.Decimal(2, 10, 128),
  inside: struct({ f: float32, d: float64 }),
};

const DAY_MS = 86_400_000;

function hundredths(value: unknown): string {
  const digits = String(Math.abs(Number(value))).padStart(3, '0');
  return `${Number(value) < 0 ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** Rows as the table's writer takes them, their floats once more inside a struct. */
function rowsOf(random: () => number, seq: number, count: number): Row[] {
  return oddRows(0, count, PAGE_ROWS, random).map(({ f, d, day, price, ...row }) => ({
    ...row,
    seq,
    f,
    d,
    day: day === null || day === undefined ? null : new Date(Number(day) * DAY_MS),
    price: price === null || price === undefined ? null : hundredths(price),
    inside: { f, d },
  }));
}

/** A filter whose values are texts, as every reader's script takes them. Decimals are written out. */
export interface Filter extends Omit<Predicate, 'values'> {
  readonly values: readonly string[];
}

function textOf(column: OddColumn, value: Predicate['values'][number]): string {
  if (column === 'price') return hundredths(value);
  return Object.is(value, -0) ? '-0.0' : String(value);
}

/** So many filters, the same for the same seed. */
export function filtersOf(count: number, seed: number): Filter[] {
  const random = chance(seed);
  return Array.from({ length: count }, () => {
    const { column, values, ...predicate } = oddPredicate(random);
    return { ...predicate, column, values: values.map((value) => textOf(column, value)) };
  });
}

/**
 * Offloads a table of values that statistics are known to lose, twice, so that two thirds of its rows are closed versions
 * in files of their own. None of its files has deleted rows.
 *
 * @returns its folder in the lake.
 */
export async function offloadPredicateTable(folder: string, seed: number): Promise<string> {
  const uri = path.join(folder, 'lancedb');
  await rm(folder, { recursive: true, force: true });
  await mkdir(uri, { recursive: true });
  const connection = await connectSource(uri);
  const server = await serve(uri);
  try {
    const options = {
      ingestion_type: 'SCD_TYPE_2',
      primary_keys: ['id'],
      sequence_by: 'seq',
      batch_size: PAGE_ROWS,
    };
    const config = {
      connection: { api_key: '${LANCEDB_API_KEY}', project_name: 'interop', host: server.url },
      lake: './lake',
      tables: { [NAME]: options },
    };
    await writeFile(path.join(folder, 'offload.yaml'), JSON.stringify(config));
    const table = new ChangingTable(connection, NAME, COLUMNS);
    const random = chance(seed);
    const first = rowsOf(random, 1, ROWS);
    await table.rewrite(first);
    await offload(folder, ['run', '--workers', '1']);
    await table.rewrite([...rowsOf(random, 2, (ROWS * 2) / 3), ...first.slice((ROWS * 2) / 3)]);
    await offload(folder, ['run', '--workers', '1']);
  } finally {
    server.stop();
    connection.close();
  }
  return path.join(folder, 'lake', 'tables', NAME);
}
