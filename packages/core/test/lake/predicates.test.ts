import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as arrow from 'apache-arrow';
import type { DuckDBConnection } from '@duckdb/node-api';
import { EnabledStatistics, readParquet, writeParquet, WriterPropertiesBuilder } from 'parquet-wasm/node';
import { expect, vi } from 'vitest';
import { dataFilePathOf, quoteText, withDuckDB } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { createViews } from '../../src/lake/views.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { column, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { stageRun, test } from '../lake-fixture.ts';
import { fieldsOf, nextPlan, pagesOf, snapshotOf, type Row, type Types } from '../merge/typed-table.ts';
import { chance, isFloat, ODD_TYPES, oddPredicate, oddRows, type Predicate } from './odd-rows.ts';

vi.setConfig({ testTimeout: 600_000 });

/** `PREDICATES=20000 PREDICATES_SEED=7` asks for more of them, or for others. */
const PREDICATES = Number(process.env['PREDICATES'] ?? 300);
const SEED = Number(process.env['PREDICATES_SEED'] ?? 1);
const ROWS = 600;
const PAGE_ROWS = 40;

const TYPES: Types = { id: 'int64', seq: 'int64', ...ODD_TYPES };
const INSIDE = { type: 'struct', fields: [column('f', 'float'), column('d', 'double')] };
const COLUMNS = [...fieldsOf(TYPES), column('inside', INSIDE)];

/** Pages of the rows, their floats once more inside a struct. */
function pagesWith(rows: readonly Row[]): (offset: number, count: number) => Columns {
  const pages = pagesOf(TYPES, rows);
  return (offset, count) => {
    const page = pages(offset, count);
    const floats = Object.entries(page).filter(([name]) => name === 'f' || name === 'd');
    const fields = floats.map(([name, data]) => new arrow.Field(name, data.type, true));
    const children = floats.map(([, data]) => data);
    const inside = arrow.makeData({ type: new arrow.Struct(fields), length: count, nullCount: 0, children });
    const { _rowid, ...own } = page;
    return { ...own, inside, ...(_rowid && { _rowid }) };
  };
}

/** Two runs: rows of pages, and closed versions of two thirds of them, copied by DuckDB. */
async function makeLake(staging: Staging): Promise<void> {
  const random = chance(SEED);
  const rules: Partial<RunPlan> = {
    ingestionType: 'SCD_TYPE_2',
    primaryKeys: ['id'],
    sequenceBy: 'seq',
    columns: COLUMNS,
    rowsPerPage: PAGE_ROWS,
  };
  const first = oddRows(0, ROWS, PAGE_ROWS, random).map((row) => ({ ...row, seq: 1 }));
  const second = oddRows(0, (ROWS * 2) / 3, PAGE_ROWS, random).map((row) => ({ ...row, seq: 2 }));
  for (const rows of [first, second]) {
    const plan = nextPlan(rows.length, rules);
    await stageRun(plan, staging, pagesWith(rows));
    await commitRun(plan, staging);
  }
}

function literal({ column: name }: Predicate, value: Predicate['values'][number]): string {
  if (name === 'text') return quoteText(String(value));
  if (name === 'day') return `('1970-01-01'::DATE + ${value}::INTEGER)`;
  if (name === 'at') return `make_timestamp(${value}::BIGINT)`;
  if (name === 'zoned') return `make_timestamp(${value}::BIGINT)::TIMESTAMP::VARCHAR::TIMESTAMPTZ`;
  if (name === 'price') return `(${value}::DECIMAL(10,2) / 100)::DECIMAL(10,2)`;
  if (name === 'n') return `'${value}'::BIGINT`;
  const text = Object.is(value, -0) ? '-0.0' : String(value);
  return `'${text}'::${name === 'f' ? 'FLOAT' : 'DOUBLE'}`;
}

function sqlOf(predicate: Predicate): string {
  const { column: name, is, values, nested } = predicate;
  const [value = '', upTo = ''] = values.map((one) => literal(predicate, one));
  const subject = nested ? `inside.${name}` : `"${name}"`;
  if (is === 'null') return `${subject} IS NULL`;
  if (is === 'nan') return `isnan(${subject})`;
  return is === 'between' ? `${subject} BETWEEN ${value} AND ${upTo}` : `${subject} ${is} ${value}`;
}

async function countsOf(connection: DuckDBConnection, sql: string): Promise<number> {
  return Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0]);
}

/** Counts the rows of each relation that random filters find, and of how many of its values in memory they are true. */
async function findWrong(
  connection: DuckDBConnection,
  relations: readonly string[],
): Promise<{ wrong: string[]; ofFloats: number }> {
  for (const relation of relations)
    await connection.run(`CREATE TABLE ${relation}_values AS FROM ${relation}`);
  const random = chance(SEED + 1);
  const wrong: string[] = [];
  let ofFloats = 0;
  for (let done = 0; done < PREDICATES; done++) {
    const predicate = oddPredicate(random);
    const where = sqlOf(predicate);
    const relation = relations[done % relations.length] ?? '';
    const filtered = await countsOf(connection, `SELECT count(*) FROM ${relation} WHERE ${where}`);
    // Over values in memory, and in an aggregate: nothing there can be skipped.
    const all = await countsOf(connection, `SELECT count(*) FILTER (WHERE ${where}) FROM ${relation}_values`);
    if (filtered !== all) wrong.push(`${relation}: ${where}: ${filtered} of ${all}`);
    if (isFloat(predicate.column) && all > 0) ofFloats += 1;
  }
  return { wrong, ofFloats };
}

async function filesOf(staging: Staging): Promise<string[]> {
  const { files } = await snapshotOf(staging);
  return files.map((file) => dataFilePathOf(staging.table('documents'), file));
}

test(`of ${PREDICATES} filters over NaN, zeros, old dates and long texts each finds the rows it is true of, in views and in the data files`, async ({
  staging,
}) => {
  await makeLake(staging);
  const files = await filesOf(staging);
  expect(files.some((file) => file.includes('/closed-'))).toBe(true);
  await withDuckDB({}, async (connection) => {
    await connection.run("SET TimeZone = 'UTC'");
    await createViews(connection, staging);
    const list = files.map(quoteText).join(', ');
    await connection.run(`CREATE VIEW files AS FROM read_parquet([${list}], union_by_name := true)`);
    const { wrong, ofFloats } = await findWrong(connection, ['documents', 'files']);
    expect(wrong).toEqual([]);
    expect(ofFloats).toBeGreaterThan(PREDICATES / 10);
  });
});

/** Statistics of every column, whatever its values. */
function withAllStatistics(parquet: Uint8Array): Uint8Array {
  const properties = new WriterPropertiesBuilder().setStatisticsEnabled(EnabledStatistics.Chunk).build();
  return writeParquet(readParquet(parquet), properties);
}

const before = (text: string): string =>
  text.replaceAll(/(closed-\d+-\d+)\.[0-9a-f]{16}\.parquet/g, '$1.parquet');

/** Gives files of closed versions the names they had before an attempt's id was part of them. */
async function nameAsBefore(staging: Staging): Promise<void> {
  for (const file of await filesOf(staging)) await rename(file, before(file));
  const log = staging.table('documents').locate('_delta_log');
  for (const entry of await readdir(log)) {
    const file = path.join(log, entry);
    await writeFile(file, before(await readFile(file, 'utf8')));
  }
}

test('files of an earlier release, whose statistics and Bloom filters promise too much, are read right by the views', async ({
  staging,
}) => {
  await makeLake(staging);
  for (const file of await filesOf(staging)) {
    if (!file.includes('/closed-')) await writeFile(file, withAllStatistics(await readFile(file)));
    else
      await withDuckDB({}, async (connection) => {
        await connection.run(`CREATE TABLE closed AS FROM read_parquet(${quoteText(file)})`);
        await connection.run(`COPY closed TO ${quoteText(file)} (FORMAT parquet)`);
      });
  }
  await nameAsBefore(staging);
  await withDuckDB({}, async (connection) => {
    await connection.run("SET TimeZone = 'UTC'");
    await createViews(connection, staging);
    const { wrong } = await findWrong(connection, ['documents']);
    expect(wrong).toEqual([]);
  });
});
