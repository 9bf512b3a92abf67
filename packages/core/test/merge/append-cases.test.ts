import { expect, vi } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { planPages, type RunPlan } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { stagePage, test } from '../lake-fixture.ts';
import {
  current,
  offload,
  outcomes,
  peopleColumns,
  peoplePlan,
  person,
  stateOf,
  type Person,
} from './people.ts';
import { lakeQuery, offloadTable, snapshotOf, type Row, type Types, type Value } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

// The numbers are those of docs/ingestion.md.

const APPEND: Partial<RunPlan> = {
  ingestionType: 'APPEND_ONLY',
  primaryKeys: [],
  sequenceBy: null,
  cursorField: 'seq',
};

const from = (cursorFrom: string): Partial<RunPlan> => ({ ...APPEND, cursorFrom });

const rowsOf = (people: readonly Person[]) =>
  people.map(({ id, seq, name }) => [id, seq, name]).toSorted((a, b) => Number(a[0]) - Number(b[0]));

test('case 14: a page that is staged twice appends its rows once', async ({ staging }) => {
  const people = [1, 2, 3, 4, 5].map((id) => person(id, id, `name ${id}`));
  const plan = peoplePlan(people, APPEND);
  await staging.createPlan(plan);
  for (const { index } of planPages(plan)) await stagePage(plan, index, staging, peopleColumns(people));
  for (const index of [1, 0, 0]) await stagePage(plan, index, staging, peopleColumns(people));
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({ verified: true, lakeRows: 5, rows: outcomes({ inserted: 5 }), cursor: '5' });
  expect(await current(staging)).toEqual(rowsOf(people));
});

test('case 15: rows that are the same in every column are kept as often as the source has them', async ({
  staging,
}) => {
  const twice = [
    person(1, 1, 'a'),
    person(1, 1, 'a'),
    person(2, null, null),
    person(2, null, null),
    person(3, 2, 'c'),
  ];
  const plain = await offload(staging, twice, { ...APPEND, cursorField: undefined, destination: 'plain' });
  expect(plain).toMatchObject({ verified: true, lakeRows: 5, rows: outcomes({ inserted: 5 }) });
  const report = await offload(staging, twice, APPEND);
  expect(report).toMatchObject({ verified: true, lakeRows: 5, rows: outcomes({ inserted: 5 }), cursor: '2' });
  expect(await current(staging)).toEqual(rowsOf(twice));
});

test('case 25: rows at exactly the last cursor value are not lost, and those that were read come in once', async ({
  staging,
}) => {
  await offload(staging, [person(1, 9, 'a'), person(2, 10, 'b'), person(3, 10, 'c')], APPEND);
  const report = await offload(
    staging,
    [person(2, 10, 'b'), person(3, 10, 'c'), person(4, 10, 'd'), person(5, 11, 'e')],
    from('10'),
  );
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 2,
    rows: outcomes({ inserted: 2, unchanged: 2 }),
    cursorFrom: '10',
    cursor: '11',
  });
  expect(await current(staging)).toEqual([
    [1, 9, 'a'],
    [2, 10, 'b'],
    [3, 10, 'c'],
    [4, 10, 'd'],
    [5, 11, 'e'],
  ]);
  expect((await stateOf(staging))?.cursor).toBe('11');
});

test('case 25: the boundary is told apart row by row, as often as a row stands there', async ({
  staging,
}) => {
  const [a, b] = [person(1, 10, 'a'), person(1, 10, 'b')];
  await offload(staging, [a, a, b], APPEND);
  const report = await offload(staging, [a, a, a, b, b, a], from('10'));
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 3,
    rows: outcomes({ inserted: 3, unchanged: 3 }),
  });
  expect(await current(staging)).toEqual(rowsOf([a, a, a, a, b, b]));
  // A row that is gone at the source stays, and one that changed at the boundary is another row.
  const changed = await offload(staging, [a, { ...b, name: 'B' }], from('10'));
  expect(changed.rows).toEqual(outcomes({ inserted: 1, unchanged: 1 }));
  expect(await current(staging)).toHaveLength(7);
});

test('case 25: the boundary is known across runs, files and rows that are marked as deleted', async ({
  staging,
}) => {
  const seen: Person[] = [];
  for (let round = 0; round < 4; round += 1) {
    const fresh = [0, 1, 2, 3].map((id) => person(round * 10 + id, 10, `round ${round}`));
    const report = await offload(
      staging,
      [...fresh, ...seen].toReversed(),
      round === 0 ? APPEND : from('10'),
    );
    expect(report).toMatchObject({ verified: true, rows: outcomes({ inserted: 4, unchanged: seen.length }) });
    seen.push(...fresh);
    expect(await current(staging)).toEqual(rowsOf(seen));
  }
  // Rows before the boundary and after it were never compared.
  const again = await offload(staging, [...seen, person(99, 12, 'new'), person(99, 12, 'new')], from('10'));
  expect(again.rows).toEqual(outcomes({ inserted: 2, unchanged: 16 }));
});

test('case 25: an incremental run that finds nothing new adds no file and keeps the cursor', async ({
  staging,
}) => {
  const rows = [person(1, 10, 'a'), person(2, null, 'b')];
  await offload(staging, rows, APPEND);
  const { files } = await snapshotOf(staging);
  const report = await offload(staging, rows, from('10'));
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 0,
    rows: outcomes({ unchanged: 2 }),
    cursor: '10',
  });
  expect((await snapshotOf(staging)).files).toEqual(files);
  const empty = await offload(staging, [], from('10'));
  expect(empty).toMatchObject({ verified: true, lakeRows: 0, rows: outcomes({}), cursor: '10' });
  expect((await stateOf(staging))?.sourceVersion).toBe(empty.sourceVersion);
});

test('case 26: rows without a cursor are read again by every run, and come in once', async ({ staging }) => {
  await offload(staging, [person(1, null, 'a'), person(2, 10, 'b')], APPEND);
  const report = await offload(
    staging,
    [person(1, null, 'a'), person(1, null, 'a'), person(3, null, 'c'), person(2, 10, 'b')],
    from('10'),
  );
  expect(report).toMatchObject({
    verified: true,
    rows: outcomes({ inserted: 2, unchanged: 2 }),
    cursor: '10',
  });
  expect(await current(staging)).toEqual([
    [1, null, 'a'],
    [1, null, 'a'],
    [2, 10, 'b'],
    [3, null, 'c'],
  ]);
});

test('a run whose window begins where the lake no longer ends is refused: its rows would come in twice', async ({
  staging,
}) => {
  await offload(staging, [person(1, 10, 'a')], APPEND);
  await offload(staging, [person(1, 10, 'a'), person(2, 20, 'b')], from('10'));
  await expectRejection(
    offload(staging, [person(1, 10, 'a'), person(2, 20, 'b')], from('10')),
    'RUN_OVERTAKEN',
    /from the cursor 10 on, and the lake has gone on to .* the cursor 20/,
  );
  expect(await current(staging)).toHaveLength(2);
});

const DAY = 86_400_000_000n;

/** Two values of a type, and the text of the first as the lake's cursor has it. */
const CURSORS: readonly (readonly [type: string, at: Value, after: Value, text: string])[] = [
  ['int8', -5, 127, '-5'],
  ['uint64', 2n ** 63n, 2n ** 64n - 1n, '9223372036854775808'],
  ['float', Math.fround(0.7), 1e30, '0.699999988079071'],
  ['double', -0.1, 0, '-0.1'],
  ['decimal:128:10:2', -150n, 0n, '-1.50'],
  ['decimal:128:38:0', 10n ** 37n, 10n ** 38n - 1n, `1${'0'.repeat(37)}`],
  ['string', 'it\'s 日本 "x" `y`', '日本', 'it\'s 日本 "x" `y`'],
  ['string', '', ' ', ''],
  ['date32:day', -1, 20_000, '1969-12-31'],
  ['timestamp:us:UTC', DAY + 1n, 2n * DAY, '1970-01-02T00:00:00.000001Z'],
  ['timestamp:us:-', -1n, 0n, '1969-12-31T23:59:59.999999'],
  ['timestamp:ns:UTC', DAY * 1000n + 999n, DAY * 1000n + 1000n, '1970-01-02T00:00:00.000000Z'],
];

const row = (id: number, seq: Value): Row => ({ id, seq, name: `row ${id}` });

for (const [type, at, after, text] of CURSORS)
  test(`a cursor of type ${type} goes on at ${JSON.stringify(text)}: its boundary comes in once`, async ({
    staging,
  }) => {
    const types: Types = { id: 'int32', seq: type, name: 'string' };
    const first = await offloadTable(staging, { types, rows: [row(1, at), row(2, null)] }, APPEND);
    expect(first.cursor).toBe(text);
    const rows = [row(1, at), row(3, at), row(2, null), row(4, after)];
    const report = await offloadTable(staging, { types, rows }, from(text));
    expect(report).toMatchObject({ verified: true, rows: outcomes({ inserted: 2, unchanged: 2 }) });
    expect(await lakeQuery(staging, 'SELECT id FROM documents ORDER BY id')).toEqual([[1], [2], [3], [4]]);
  });

test('NaN and the infinities are no cursors to go on from: such rows are read again, and come in once', async ({
  staging,
}) => {
  const types: Types = { id: 'int32', seq: 'double', name: 'string' };
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, null];
  const rows = [...odd, 1.5].map((seq, id) => ({ id, seq, name: null }));
  const first = await offloadTable(staging, { types, rows }, APPEND);
  expect(first).toMatchObject({ verified: true, lakeRows: 5, cursor: '1.5' });
  const more = [...rows, { id: 9, seq: Number.NaN, name: 'new' }];
  const report = await offloadTable(staging, { types, rows: more }, from('1.5'));
  expect(report).toMatchObject({
    verified: true,
    rows: outcomes({ inserted: 1, unchanged: 5 }),
    cursor: '1.5',
  });
});
