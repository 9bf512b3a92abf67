import { readFile, writeFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { expect } from 'vitest';
import { dataFilePathOf } from '@lance-offload/delta';
import type { Staging, RunPlan } from '@lance-offload/core';
import { writeParquet } from '../../delta/src/parquet/parquet.ts';
import { hashBits, hashRows } from '../../delta/src/values/row-hash.ts';
import { float32, float64 } from '../../lancedb/test/arrow-bodies.ts';
import { test } from '../../core/test/lake-fixture.ts';
import { offloadTable, snapshotOf, type Row } from '../../core/test/merge/typed-table.ts';
import { compareLake, kindsOf } from './compared-lake.ts';

const TYPES = { id: 'int64', seq: 'int64', f: 'float', d: 'double' };
const ROWS: Row[] = [0, -0, Number.NaN, 1.5].map((value, id) => ({ id, seq: 1, f: value, d: -value }));
const SIGNED: Row[] = ROWS.map((row) => (row['id'] === 1 ? { ...row, f: 0 } : row));

const SCD1: Partial<RunPlan> = { ingestionType: 'SCD_TYPE_1', primaryKeys: ['id'], sequenceBy: 'seq' };
const SCD2: Partial<RunPlan> = { ...SCD1, ingestionType: 'SCD_TYPE_2' };

/** Writes the lake's only data file anew, each negative zero as a positive one: what a copy by values does. */
async function loseSigns(staging: Staging): Promise<void> {
  const [file] = (await snapshotOf(staging)).files;
  const path = dataFilePathOf(staging.table('documents'), file ?? { path: '' });
  const { schema, batches } = arrow.tableFromIPC(readParquet(await readFile(path)).intoIPCStream());
  for (const { data } of batches)
    for (const { values } of data.children)
      if (values instanceof Float32Array || values instanceof Float64Array)
        for (const [row, value] of values.entries()) if (value === 0) values[row] = 0;
  const columns = schema.fields.map((_, index) => batches.flatMap(({ data }) => data.children[index] ?? []));
  const rows = batches.map(({ numRows }) => numRows);
  await writeFile(path, writeParquet(schema.fields, columns, rows));
}

for (const [name, rules] of Object.entries({ APPEND_ONLY: {}, SCD_TYPE_1: SCD1, SCD_TYPE_2: SCD2 })) {
  test(`${name}: a zero whose sign was lost since the last run is a difference`, async ({ staging }) => {
    const table = { types: TYPES, rows: ROWS };
    await offloadTable(staging, table, { ...rules, rowsPerPage: 10 });
    expect(kindsOf(await compareLake(staging, table))).toEqual({});
    await loseSigns(staging);
    expect(kindsOf(await compareLake(staging, table))).toEqual({ different: [0, 1] });
  });
}

for (const [name, rules] of Object.entries({ SCD_TYPE_1: SCD1, SCD_TYPE_2: SCD2 })) {
  test(`${name}: a change of a sign at the source, which is none to a run, is explained`, async ({
    staging,
  }) => {
    const later = [...SIGNED, { id: 9, seq: 1, f: 1, d: 1 }];
    await offloadTable(staging, { types: TYPES, rows: ROWS }, rules);
    await offloadTable(staging, { types: TYPES, rows: later }, rules);
    expect(kindsOf(await compareLake(staging, { types: TYPES, rows: later }))).toEqual({ inexact: [1] });
  });
}

test('APPEND_ONLY with a cursor: rows that are in the lake with another sign are explained', async ({
  staging,
}) => {
  const rules: Partial<RunPlan> = { cursorField: 'seq' };
  await offloadTable(staging, { types: TYPES, rows: ROWS }, rules);
  expect(kindsOf(await compareLake(staging, { types: TYPES, rows: SIGNED }))).toEqual({ inexact: [1] });
});

function hashesOf(data: arrow.Data): BigInt64Array {
  const fields = [new arrow.Field('x', data.type, true)];
  return hashBits(fields, [data], hashRows(fields, [data], data.length));
}

test('the hash of bits does not see how wide a float is written, but each zero and each NaN', () => {
  const bits = Uint32Array.of(0x8000_0000, 0, 0x7fc0_0000, 0xffc0_1234, 0x3fc0_0000, 0x7f80_0001);
  const floats = float32([...new Float32Array(bits.buffer)].map(() => 0));
  floats.values.set(new Float32Array(bits.buffer));
  const doubles = float64([...bits].map(() => 0));
  doubles.values.set(floats.values);
  expect(hashesOf(doubles)).toEqual(hashesOf(floats));
  expect(new Set(hashesOf(floats)).size).toBe(6);
});
