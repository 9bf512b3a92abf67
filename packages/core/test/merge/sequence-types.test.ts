import { expect, vi } from 'vitest';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { test } from '../lake-fixture.ts';
import { outcomes } from './people.ts';
import { lakeQuery, offloadTable, type Row, type Types, type Value } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

const rulesOf = (ingestionType: RunPlan['ingestionType']): Partial<RunPlan> => ({
  ingestionType,
  primaryKeys: ['id'],
  sequenceBy: 'seq',
  cursorField: 'seq',
});
const SCD1 = rulesOf('SCD_TYPE_1');
const SCD2 = rulesOf('SCD_TYPE_2');

const typesOf = (type: string): Types => ({ id: 'int32', seq: type, name: 'string' });
const row = (id: number, seq: Value, name = 'x'): Row => ({ id, seq, name });

const HOUR = 3_600_000_000n;

interface Case {
  readonly type: string;
  /** Four values in their order, as the source has them and as DuckDB writes them. */
  readonly values: readonly [Value, Value, Value, Value];
  readonly texts: readonly [string, string, string, string];
  /** The least value after the last one. */
  readonly next: string;
}

const CASES: readonly Case[] = [
  {
    type: 'float',
    values: [-1, 0.1, 1, 16_777_216],
    texts: ['-1.0', '0.1', '1.0', '16777216.0'],
    next: '16777218.0',
  },
  {
    type: 'double',
    values: [-1, 0.1, 0.2, 1],
    texts: ['-1.0', '0.1', '0.2', '1.0'],
    next: '1.0000000000000002',
  },
  { type: 'string', values: ['', 'B', 'a', 'a日'], texts: ['', 'B', 'a', 'a日'], next: 'a日\u0001' },
  {
    type: 'date32:day',
    values: [-1, 0, 1, 19_000],
    texts: ['1969-12-31', '1970-01-01', '1970-01-02', '2022-01-08'],
    next: '2022-01-09',
  },
  {
    type: 'timestamp:us:Europe/Berlin',
    values: [-HOUR, 0n, HOUR, HOUR + 1n],
    texts: [
      '1969-12-31 23:00:00+00',
      '1970-01-01 00:00:00+00',
      '1970-01-01 01:00:00+00',
      '1970-01-01 01:00:00.000001+00',
    ],
    next: '1970-01-01 01:00:00.000002+00',
  },
  {
    type: 'timestamp:s:-',
    values: [-1n, 0n, 1n, 2n],
    texts: ['1969-12-31 23:59:59', '1970-01-01 00:00:00', '1970-01-01 00:00:01', '1970-01-01 00:00:02'],
    next: '1970-01-01 00:00:02.000001',
  },
  {
    type: 'decimal:128:10:2',
    values: [-1n, 0n, 1n, 150n],
    texts: ['-0.01', '0.00', '0.01', '1.50'],
    next: '1.51',
  },
  {
    type: 'decimal:128:38:37',
    values: [-1n, 0n, 1n, 2n],
    texts: [
      `-0.${'1'.padStart(37, '0')}`,
      `0.${'0'.repeat(37)}`,
      `0.${'1'.padStart(37, '0')}`,
      `0.${'2'.padStart(37, '0')}`,
    ],
    next: `0.${'3'.padStart(37, '0')}`,
  },
  {
    type: 'decimal:128:38:38',
    values: [-1n, 0n, 1n, 2n],
    texts: [
      `-.${'1'.padStart(38, '0')}`,
      `.${'0'.repeat(38)}`,
      `.${'1'.padStart(38, '0')}`,
      `.${'2'.padStart(38, '0')}`,
    ],
    next: `.${'3'.padStart(38, '0')}`,
  },
  {
    type: 'uint64',
    values: [0n, 2n ** 63n, 2n ** 64n - 2n, 2n ** 64n - 1n],
    texts: ['0', '9223372036854775808', '18446744073709551614', '18446744073709551615'],
    next: '18446744073709551616',
  },
  { type: 'int8', values: [-128, -1, 0, 1], texts: ['-128', '-1', '0', '1'], next: '2' },
  {
    type: 'int32',
    values: [-1, 0, 1, 2 ** 31 - 2],
    texts: ['-1', '0', '1', '2147483646'],
    next: '2147483647',
  },
];

async function bounds(staging: Parameters<typeof lakeQuery>[0]): Promise<unknown[][]> {
  return lakeQuery(
    staging,
    `SET TimeZone = 'UTC'; SELECT id, name, __START_AT::VARCHAR, __END_AT::VARCHAR FROM documents ORDER BY id, __START_AT NULLS FIRST`,
  );
}

for (const sample of CASES)
  test(`a sequence of type ${sample.type} orders rows, splits intervals and dates deletes`, async ({
    staging,
  }) => {
    const types = typesOf(sample.type);
    const [a, b, c, d] = sample.values;
    const [A, B, C, D] = sample.texts;
    await offloadTable(staging, { types, rows: [row(1, a), row(1, c), row(2, d), row(3, b)] }, SCD2);
    const rows = [row(1, b, 'late'), row(1, c), row(2, c, 'late'), row(2, d)];
    const report = await offloadTable(staging, { types, rows }, { ...SCD2, deletes: 'snapshot' });
    expect(report).toMatchObject({ verified: true, rows: outcomes({ late: 2, unchanged: 2, deleted: 1 }) });
    expect(await bounds(staging)).toEqual([
      [1, 'x', A, B],
      [1, 'late', B, C],
      [1, 'x', C, null],
      [2, 'late', C, D],
      [2, 'x', D, null],
      [3, 'x', B, D],
    ]);
    const gone = await offloadTable(staging, { types, rows: [] }, { ...SCD2, deletes: 'snapshot' });
    expect(gone).toMatchObject({ verified: true, lakeRows: 0, rows: outcomes({ deleted: 2 }) });
    expect(await bounds(staging)).toEqual([
      [1, 'x', A, B],
      [1, 'late', B, C],
      [1, 'x', C, D],
      [2, 'late', C, D],
      [2, 'x', D, sample.next],
      [3, 'x', B, D],
    ]);
  });

for (const sample of CASES)
  test(`a sequence of type ${sample.type} decides what is late under SCD_TYPE_1`, async ({ staging }) => {
    const types = typesOf(sample.type);
    const [a, b, c, d] = sample.values;
    await offloadTable(staging, { types, rows: [row(1, a), row(2, d), row(3, b), row(3, a, 'old')] }, SCD1);
    const rows = [row(1, b, 'new'), row(2, c, 'late'), row(3, b)];
    const report = await offloadTable(staging, { types, rows }, SCD1);
    expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 1, late: 1, unchanged: 1 }) });
    expect(await lakeQuery(staging, 'SELECT id, name FROM documents ORDER BY id')).toEqual([
      [1, 'new'],
      [2, 'x'],
      [3, 'x'],
    ]);
  });

for (const type of ['float', 'double']) {
  test(`NaN is no value of a ${type} sequence: any other is newer`, async ({ staging }) => {
    const types = typesOf(type);
    const rows = [row(1, Number.NaN, 'odd'), row(2, Number.NaN, 'odd'), row(3, 1), row(4, Number.NaN, 'odd')];
    await offloadTable(staging, { types, rows }, SCD1);
    const next = [
      row(1, -5),
      row(2, Number.NaN, 'ODD'),
      row(3, Number.NaN, 'late'),
      row(4, Number.NaN, 'odd'),
    ];
    const report = await offloadTable(staging, { types, rows: next }, SCD1);
    expect(report).toMatchObject({
      verified: true,
      rows: outcomes({ updated: 2, late: 1, unchanged: 1, ties: 1 }),
    });
    expect(await lakeQuery(staging, 'SELECT id, name FROM documents ORDER BY id')).toEqual([
      [1, 'x'],
      [2, 'ODD'],
      [3, 'x'],
      [4, 'odd'],
    ]);
  });

  test(`a version with NaN for a ${type} sequence has no start, like one without a sequence`, async ({
    staging,
  }) => {
    const types = typesOf(type);
    const rows = [row(1, Number.NaN, 'odd'), row(2, Number.NaN, 'odd'), row(3, 1), row(4, Number.NaN, 'odd')];
    await offloadTable(staging, { types, rows }, SCD2);
    expect((await bounds(staging)).map(([, , start]) => start)).toEqual([null, null, '1.0', null]);
    const next = [row(1, -5), row(2, Number.NaN, 'ODD'), row(3, Number.NaN, 'late'), row(3, 1)];
    const report = await offloadTable(staging, { types, rows: next }, { ...SCD2, deletes: 'snapshot' });
    expect(report).toMatchObject({
      verified: true,
      rows: outcomes({ updated: 2, late: 1, unchanged: 1, deleted: 1, ties: 1 }),
    });
    expect(await bounds(staging)).toEqual([
      [1, 'odd', null, '-5.0'],
      [1, 'x', '-5.0', null],
      [2, 'ODD', null, null],
      [3, 'late', null, '1.0'],
      [3, 'x', '1.0', null],
      [4, 'odd', null, '1.0'],
    ]);
  });

  test(`NaN in the ${type} sequence that was asked for fails the run`, async ({ staging }) => {
    const table = { types: typesOf(type), rows: [row(1, 1), row(2, Number.NaN), row(3, null)] };
    for (const rules of [SCD1, SCD2]) {
      const failed = offloadTable(staging, table, { ...rules, sequenceRequired: true });
      const { words } = await expectRejection(failed, 'KEY_NULL', /2 rows have no value in "id" or "seq"/);
      expect(words).toMatch(/_rowid 1 \(id=2, seq=nan\); _rowid 2 \(id=3, seq=null\)/i);
    }
  });

  test(`zero and minus zero are one value of a ${type} sequence`, async ({ staging }) => {
    const types = typesOf(type);
    await offloadTable(staging, { types, rows: [row(1, 0), row(2, 0)] }, SCD2);
    const report = await offloadTable(staging, { types, rows: [row(1, -0), row(2, -0, 'y')] }, SCD2);
    expect(report).toMatchObject({ verified: true, rows: outcomes({ unchanged: 1, updated: 1, ties: 1 }) });
    expect(await lakeQuery(staging, 'SELECT id, name FROM documents ORDER BY ALL')).toEqual([
      [1, 'x'],
      [2, 'y'],
    ]);
  });
}

/** The greatest value of a type: nothing comes after it, so no delete can be dated there. */
const GREATEST: readonly (readonly [type: string, value: Value, before: Value])[] = [
  ['int8', 127, 3],
  ['int64', 2n ** 63n - 1n, 3n],
  ['double', Number.POSITIVE_INFINITY, 3],
  ['float', Number.POSITIVE_INFINITY, 3],
  ['decimal:128:38:0', 10n ** 38n - 1n, 3n],
];

for (const [type, greatest, before] of GREATEST)
  test(`a version at the greatest ${type}, ${greatest}, is removed by a delete, and the key can come back`, async ({
    staging,
  }) => {
    const types = typesOf(type);
    const other = row(9, before);
    await offloadTable(staging, { types, rows: [row(1, greatest), row(2, before), other] }, SCD2);
    const report = await offloadTable(staging, { types, rows: [other] }, { ...SCD2, deletes: 'snapshot' });
    expect(report).toMatchObject({
      verified: true,
      lakeRows: 1,
      rows: outcomes({ unchanged: 1, deleted: 2 }),
    });
    const back = [row(1, greatest), row(2, before), other];
    const again = await offloadTable(staging, { types, rows: back }, { ...SCD2, deletes: 'snapshot' });
    expect(again).toMatchObject({
      verified: true,
      lakeRows: 3,
      rows: outcomes({ inserted: 2, unchanged: 1 }),
    });
    expect(await lakeQuery(staging, 'SELECT id FROM documents_current ORDER BY id')).toEqual([[1], [2], [9]]);
  });

test('an infinity dates no delete of another key', async ({ staging }) => {
  const types = typesOf('double');
  await offloadTable(
    staging,
    { types, rows: [row(1, Number.POSITIVE_INFINITY), row(2, 5), row(3, 8)] },
    SCD2,
  );
  await offloadTable(
    staging,
    { types, rows: [row(1, Number.POSITIVE_INFINITY), row(3, 8)] },
    { ...SCD2, deletes: 'snapshot' },
  );
  expect((await bounds(staging))[1]).toEqual([2, 'x', '5.0', '8.0']);
});
