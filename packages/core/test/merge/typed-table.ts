import * as arrow from 'apache-arrow';
import { readLog, replay, withDuckDB, type Snapshot, type LakeMoment } from '@lance-offload/delta';
import { arrowTypeOf, type LanceField } from '@lance-offload/lancedb';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { OnCommitStep } from '../../src/commit/publish-run.ts';
import type { RunReport } from '../../src/commit/report.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { createViews } from '../../src/lake/views.ts';
import { planPages, type RunPlan } from '../../src/plan/run-plan.ts';
import { bitmapOf, column, nulls, rowIds, utf8, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { planOf, stagePage } from '../lake-fixture.ts';

/** Decimals are given unscaled, dates in days and timestamps in their own unit since 1970. */
export type Value = bigint | number | string | boolean | null;

/** Lance types of a table's columns, by name. */
export type Types = Readonly<Record<string, string>>;

export type Row = Readonly<Record<string, Value>>;

const ARRAYS = {
  int8: Int8Array,
  int32: Int32Array,
  'date32:day': Int32Array,
  float: Float32Array,
  double: Float64Array,
  int64: BigInt64Array,
  timestamp: BigInt64Array,
  uint64: BigUint64Array,
};

/** 128-bit two's complement words. */
function wordsOf(values: readonly Value[]): Uint32Array {
  return Uint32Array.from({ length: values.length * 4 }, (_, index) => {
    const value = BigInt.asUintN(128, BigInt(values[Math.floor(index / 4)] ?? 0));
    return Number((value >> BigInt((index % 4) * 32)) & 0xffff_ffffn);
  });
}

function dataOf(type: string, values: readonly Value[]): arrow.Data {
  if (type === 'string') return utf8(values.map((value) => (value === null ? null : String(value))));
  const shared = {
    type: arrowTypeOf({ type }) as arrow.Int64,
    ...nulls(values.map((value) => value !== null)),
  };
  if (type === 'bool')
    return arrow.makeData({ ...shared, data: bitmapOf(values.map((value) => value === true)) });
  const [name = type] = type.split(':');
  if (name === 'decimal') return arrow.makeData({ ...shared, data: wordsOf(values) });
  const TypedArray = ARRAYS[(type in ARRAYS ? type : name) as keyof typeof ARRAYS];
  const big = TypedArray === BigInt64Array || TypedArray === BigUint64Array;
  const numbers = values.map((value) => (big ? BigInt(value ?? 0) : Number(value ?? 0)));
  return arrow.makeData({
    ...shared,
    data: new (TypedArray as new (of: unknown[]) => BigInt64Array)(numbers),
  });
}

export function fieldsOf(types: Types): LanceField[] {
  return Object.entries(types).map(([name, type]) => column(name, type));
}

/** Pages over rows, as a source has them. */
export function pagesOf(types: Types, rows: readonly Row[]): (offset: number, count: number) => Columns {
  return (offset, count) => {
    const some = rows.slice(offset, offset + count);
    const columns = Object.entries(types).map(([name, type]) => [
      name,
      dataOf(
        type,
        some.map((row) => row[name] ?? null),
      ),
    ]);
    return { ...Object.fromEntries(columns), _rowid: rowIds(offset, count) };
  };
}

let runs = 0;

/** The plan of a run of its own, at the source version after that of the plan before. */
export function nextPlan(rows: number, changes: Partial<RunPlan>): RunPlan {
  runs += 1;
  const second = String(runs % 60).padStart(2, '0');
  return planOf({
    runId: `documents-20261122T1015${second}Z-${runs.toString(16).padStart(4, '0')}`,
    sourceVersion: runs,
    sourceRows: rows,
    rowsPerPage: 3,
    ...changes,
  });
}

export interface StageOptions {
  /** The source's rows, of which a sweep reads the keys; those of the run where absent. */
  readonly swept?: readonly Row[];
  /** Stages the last page first. */
  readonly reverse?: boolean;
}

/** Stages a run over some rows. */
export async function stageTable(
  staging: Staging,
  plan: RunPlan,
  { types, rows }: { readonly types: Types; readonly rows: readonly Row[] },
  { swept = rows, reverse = false }: StageOptions = {},
): Promise<void> {
  await staging.createPlan(plan);
  const pages = [...planPages(plan)];
  for (const { index, scan } of reverse ? pages.toReversed() : pages)
    await stagePage(plan, index, staging, pagesOf(types, scan === 'keys' ? swept : rows));
}

/** Stages and commits a run over a table of any columns. */
export async function offloadTable(
  staging: Staging,
  table: { readonly types: Types; readonly rows: readonly Row[] },
  changes: Partial<RunPlan>,
  { onStep, ...options }: StageOptions & { readonly onStep?: OnCommitStep } = {},
): Promise<RunReport> {
  const plan = nextPlan(table.rows.length, {
    columns: fieldsOf(table.types),
    ...(changes.deletes === 'sweep' && { sweepRows: (options.swept ?? table.rows).length }),
    ...changes,
  });
  await stageTable(staging, plan, table, options);
  return commitRun(plan, staging, onStep);
}

/** Answers of a query over the lake's tables, as a reader finds them; whole numbers as such. */
export async function lakeQuery(staging: Staging, sql: string, at?: LakeMoment): Promise<unknown[][]> {
  return withDuckDB({}, async (connection) => {
    const { skipped } = await createViews(connection, staging, at);
    for (const { error } of skipped) throw error;
    const rows = (await connection.runAndReadAll(sql)).getRows();
    return rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value)));
  });
}

/** The lake table `documents` as its log describes it. */
export async function snapshotOf(staging: Staging): Promise<Snapshot> {
  const table = staging.table('documents');
  const snapshot = replay(table, await readLog(table));
  if (!snapshot) throw new Error('the lake has no such table');
  return snapshot;
}
