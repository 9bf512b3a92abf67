import * as arrow from 'apache-arrow';
import { expect, vi } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { DICTIONARIES, PLACEMENTS } from '../../../lancedb/test/samples/nested.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { column, int64, rowIds, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { stageRun, test } from '../lake-fixture.ts';
import { SAMPLES } from '../type-samples.ts';
import { outcomes } from './people.ts';
import { fieldsOf, lakeQuery, nextPlan, offloadTable, snapshotOf, type Row } from './typed-table.ts';

vi.setConfig({ testTimeout: 120_000 });

// SCD_TYPE_2 copies the versions it closes, wide columns and all (docs/ingestion.md).

const RULES: Partial<RunPlan> = {
  ingestionType: 'SCD_TYPE_2',
  primaryKeys: ['id'],
  sequenceBy: 'seq',
  deletes: 'snapshot',
};

/** Every type in every place, in five rows. */
const WIDE = SAMPLES.flatMap((sample, index) =>
  [...PLACEMENTS, ...DICTIONARIES.filter(() => sample.lance.type === 'string')].map((placement) => ({
    field: column(`${index} ${sample.lance.type} ${placement.name}`, placement.lance(sample.lance)),
    data: placement.data(sample.leaf),
  })),
);

test('a copied version holds what its row held, in every type and place', async ({ staging }) => {
  const keys = fieldsOf({ id: 'int64', seq: 'int64' });
  const columns = [...keys, ...WIDE.map(({ field }) => field)];
  const first = nextPlan(5, { ...RULES, columns, rowsPerPage: 5, withRowId: true });
  const rows = (): Columns => ({
    id: int64([1n, 2n, 3n, 4n, 5n]),
    seq: int64([1n, 1n, 1n, 1n, 1n]),
    ...Object.fromEntries(WIDE.map(({ field, data }) => [field.name, data])),
    _rowid: rowIds(0, 5),
  });
  await stageRun(first, staging, rows);
  await commitRun(first, staging);
  const content = 'SELECT * EXCLUDE (__START_AT, __END_AT) FROM documents ORDER BY id';
  const types = 'SELECT column_name, column_type FROM (DESCRIBE documents)';
  const [before, schema] = [await lakeQuery(staging, content), await lakeQuery(staging, types)];
  expect(before[0]).toHaveLength(columns.length + 4);

  const second = nextPlan(0, { ...RULES, columns, withRowId: true });
  await stageRun(second, staging);
  expect(await commitRun(second, staging)).toMatchObject({ verified: true, rows: outcomes({ deleted: 5 }) });
  const { files } = await snapshotOf(staging);
  expect(files.map(({ path }) => path)).toEqual([
    expect.stringContaining(`data/${second.runId}/closed-1-000.`),
  ]);
  expect(await lakeQuery(staging, content)).toEqual(before);
  expect(await lakeQuery(staging, types)).toEqual(schema);
  expect(await lakeQuery(staging, 'SELECT DISTINCT __START_AT, __END_AT FROM documents')).toEqual([[1, 2]]);
});

test('more versions than one file takes are copied into several, each of them once', async ({ staging }) => {
  const count = 45_000;
  const types = { id: 'int64', seq: 'int64' };
  const rows: Row[] = Array.from({ length: count }, (_, id) => ({ id, seq: 1 + (id % 2) }));
  const pages = { ...RULES, rowsPerPage: 10_000 };
  await offloadTable(staging, { types, rows }, pages);
  // Half of the keys are gone; the others, and late versions of them, come in one run.
  const next = rows.slice(0, count / 2).flatMap((row): Row[] => [
    { ...row, seq: 9 },
    { ...row, seq: 5 },
  ]);
  const report = await offloadTable(staging, { types, rows: next }, pages);
  expect(report).toMatchObject({
    verified: true,
    lakeRows: count / 2,
    rows: outcomes({ updated: count, deleted: count / 2 }),
  });
  const { files } = await snapshotOf(staging);
  expect(files.filter(({ path }) => path.includes('/closed-'))).toHaveLength(4);
  expect(
    await lakeQuery(
      staging,
      'SELECT seq <= 2 AS old, id < 22500 AS kept, count(*), count(DISTINCT id), min(__END_AT), max(__END_AT) FROM documents GROUP BY ALL ORDER BY ALL',
    ),
  ).toEqual([
    [false, true, count, count / 2, 9, 9],
    [true, false, count / 2, count / 2, 9, 9],
    [true, true, count / 2, count / 2, 5, 5],
  ]);
  expect(await lakeQuery(staging, 'SELECT count(*), count(DISTINCT id) FROM documents_current')).toEqual([
    [count / 2, count / 2],
  ]);
});

test('versions of wide rows are copied into files of 64 MiB, in the memory a merge has', async ({
  staging,
}) => {
  const count = 240;
  const bytes = 2 ** 20;
  const columns = [...fieldsOf({ id: 'int64', seq: 'int64' }), column('text', 'string')];
  const rules = { ...RULES, columns, rowsPerPage: 60 };
  const rows = (offset: number, length: number): Columns => {
    const data = new Uint8Array(length * bytes);
    for (let row = 0; row < length; row++)
      data.fill(97 + ((offset + row) % 26), row * bytes, (row + 1) * bytes);
    const valueOffsets = Int32Array.from({ length: length + 1 }, (_, row) => row * bytes);
    return {
      id: int64(Array.from({ length }, (_, row) => BigInt(offset + row))),
      seq: int64(Array.from({ length }, () => 1n)),
      text: arrow.makeData({ type: new arrow.Utf8(), length, nullCount: 0, valueOffsets, data }),
      _rowid: rowIds(offset, length),
    };
  };
  const first = nextPlan(count, rules);
  await stageRun(first, staging, rows);
  await commitRun(first, staging);
  const second = nextPlan(0, rules);
  await stageRun(second, staging);
  expect(await commitRun(second, staging)).toMatchObject({
    verified: true,
    rows: outcomes({ deleted: count }),
  });
  expect((await snapshotOf(staging)).files).toHaveLength(4);
  expect(
    await lakeQuery(
      staging,
      `SELECT count(*), count(DISTINCT id), bool_and(text = repeat(chr((97 + id % 26)::INTEGER), ${bytes})) FROM documents WHERE __END_AT = 2`,
    ),
  ).toEqual([[count, count, true]]);
});
