import { expect, vi } from 'vitest';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { test } from '../lake-fixture.ts';
import { current, history, offload, outcomes, person, stateOf } from './people.ts';
import { lakeQuery } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

// What the modes do where a sequence is missing, tied, or cannot say when a row was deleted (docs/ingestion.md).

const SCD1 = { ingestionType: 'SCD_TYPE_1' } as const;
const SCD2 = { ingestionType: 'SCD_TYPE_2' } as const;
const SNAPSHOT = { ...SCD2, deletes: 'snapshot' } as const;

test('a row without a cursor arrives, and any row of its key that has one is newer', async ({ staging }) => {
  await offload(staging, [person(1, null, 'old'), person(2, null, 'bob'), person(3, 10, 'cy')], SCD1);
  const report = await offload(
    staging,
    [person(1, 5, 'new'), person(2, null, 'rob'), person(3, null, 'late')],
    SCD1,
  );
  expect(await current(staging)).toEqual([
    [1, 5, 'new'],
    [2, null, 'rob'],
    [3, 10, 'cy'],
  ]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 2, late: 1, ties: 1 }) });
});

test('under SCD_TYPE_2 a version without a cursor has no start, and ends where the first one that has begins', async ({
  staging,
}) => {
  await offload(staging, [person(1, null, 'old'), person(2, null, 'bob'), person(3, 10, 'cy')], SCD2);
  const report = await offload(
    staging,
    [person(1, 5, 'new'), person(2, null, 'rob'), person(3, null, 'late')],
    SCD2,
  );
  expect(await history(staging)).toEqual([
    [1, 'old', null, 5],
    [1, 'new', 5, null],
    [2, 'rob', null, null],
    [3, 'late', null, 10],
    [3, 'cy', 10, null],
  ]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 2, late: 1, ties: 1 }) });
});

test('a tie between lake and run takes the row of the run, whichever has the greater row hash, and says so', async ({
  staging,
}) => {
  for (const mode of [SCD1, SCD2]) {
    const destination = mode.ingestionType;
    const names = ['a', 'b', 'c', 'd'];
    for (const [index, name] of names.entries()) {
      const report = await offload(staging, [person(1, 10, name)], { ...mode, destination });
      const tied = index > 0;
      expect(report).toMatchObject({
        verified: true,
        lakeRows: 1,
        rows: tied ? outcomes({ updated: 1, ties: 1 }) : outcomes({ inserted: 1 }),
        notes: tied ? [expect.stringMatching(/1 key has different rows at one sequence/)] : [],
      });
      expect(await lakeQuery(staging, `SELECT seq, name FROM "${destination}"`)).toEqual([[10, name]]);
    }
  }
});

test('a tie with an older version of the history takes its place, within its bounds', async ({ staging }) => {
  await offload(staging, [person(1, 10, 'a'), person(1, 20, 'b'), person(1, 30, 'c')], SCD2);
  const report = await offload(staging, [person(1, 20, 'B'), person(1, 30, 'c')], SCD2);
  expect(await history(staging)).toEqual([
    [1, 'a', 10, 20],
    [1, 'B', 20, 30],
    [1, 'c', 30, null],
  ]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 1, unchanged: 1, ties: 1 }) });
});

test('a tie with a version that a delete has closed keeps the delete', async ({ staging }) => {
  await offload(staging, [person(1, 10, 'a'), person(2, 20, 'x')], SCD2);
  await offload(staging, [person(2, 20, 'x')], SNAPSHOT);
  await offload(staging, [person(1, 30, 'b'), person(2, 20, 'x')], SNAPSHOT);
  await offload(staging, [person(1, 10, 'A'), person(1, 30, 'b')], SCD2);
  expect(
    await lakeQuery(staging, 'SELECT name, __START_AT, __END_AT FROM documents WHERE id = 1 ORDER BY 2'),
  ).toEqual([
    ['A', 10, 20],
    ['b', 30, null],
  ]);
});

for (const ingestionType of ['SCD_TYPE_1', 'SCD_TYPE_2'] as const)
  test(`a tie takes the row of the run although that was there before the key was deleted and came back as another, under ${ingestionType}`, async ({
    staging,
  }) => {
    const beside = person(9, 1, 'stays');
    await offload(staging, [person(1, 12, 'a'), beside], { ingestionType });
    await offload(staging, [beside], { ingestionType, deletes: 'snapshot' });
    await offload(staging, [person(1, 12, 'b'), beside], { ingestionType });
    const again = [person(1, 12, 'a'), beside];
    const report = await offload(staging, again, { ingestionType, deletes: 'snapshot' });
    expect(report).toMatchObject({ verified: true, rows: outcomes({ unchanged: 1, updated: 1, ties: 1 }) });
    const open = ingestionType === 'SCD_TYPE_2' ? ' WHERE __END_AT IS NULL' : '';
    expect(await lakeQuery(staging, `SELECT id, seq, name FROM documents${open} ORDER BY id`)).toEqual([
      [1, 12, 'a'],
      [9, 1, 'stays'],
    ]);
    const next = await offload(staging, again, { ingestionType, deletes: 'snapshot' });
    expect(next.rows).toEqual(outcomes({ unchanged: 2 }));
  });

test('a key that is gone is closed just after its own start where that is the greatest sequence', async ({
  staging,
}) => {
  await offload(staging, [person(1, 10, 'a'), person(2, 7, 'b'), person(3, null, 'c')], SCD2);
  const report = await offload(staging, [], SNAPSHOT);
  expect(await history(staging)).toEqual([
    [1, 'a', 10, 11],
    [2, 'b', 7, 10],
    [3, 'c', null, 10],
  ]);
  expect(report).toMatchObject({ verified: true, lakeRows: 0, rows: outcomes({ deleted: 3 }) });
});

test('a delete is dated by what the lake has closed already, too', async ({ staging }) => {
  await offload(staging, [person(1, 10, 'a'), person(2, 7, 'b')], SCD2);
  await offload(staging, [person(2, 7, 'b')], SNAPSHOT);
  await offload(staging, [], SNAPSHOT);
  expect(await history(staging)).toEqual([
    [1, 'a', 10, 11],
    [2, 'b', 7, 11],
  ]);
});

test('a version without a start is removed by a delete where nothing in lake or run has a sequence', async ({
  staging,
}) => {
  await offload(staging, [person(1, null, 'a'), person(2, null, 'b')], SCD2);
  const report = await offload(staging, [person(2, null, 'b')], SNAPSHOT);
  expect(await history(staging)).toEqual([[2, 'b', null, null]]);
  expect(report).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ deleted: 1, unchanged: 1 }) });
});

test('a key that comes back with a sequence before its delete begins where the data is now, and is unchanged when read again', async ({
  staging,
}) => {
  const others = [person(2, 20, 'x')];
  await offload(staging, [person(1, 10, 'a'), ...others], SCD2);
  await offload(staging, others, SNAPSHOT);
  const later = [person(2, 20, 'x'), person(2, 40, 'y')];
  const report = await offload(staging, [person(1, 10, 'a'), ...later], SNAPSHOT);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ inserted: 1, updated: 1, unchanged: 1 }) });
  const versions = [
    ['a', 10, 20],
    ['a', 40, null],
  ];
  const ofOne = () =>
    lakeQuery(staging, 'SELECT name, __START_AT, __END_AT FROM documents WHERE id = 1 ORDER BY __START_AT');
  expect(await ofOne()).toEqual(versions);
  const again = await offload(staging, [person(1, 10, 'a'), ...later], SNAPSHOT);
  expect(again).toMatchObject({ verified: true, rows: outcomes({ unchanged: 3 }) });
  expect(await ofOne()).toEqual(versions);

  // Its updates follow, though their sequences are still before that; one that is not is as usual.
  const updated = await offload(staging, [person(1, 15, 'b'), ...later], SNAPSHOT);
  expect(updated).toMatchObject({ verified: true, rows: outcomes({ updated: 1, unchanged: 2 }) });
  await offload(staging, [person(1, 50, 'c'), ...later], SNAPSHOT);
  expect(await ofOne()).toEqual([
    ['a', 10, 20],
    ['a', 40, 41],
    ['b', 41, 50],
    ['c', 50, null],
  ]);
});

test('a key that is deleted and comes back again and again has a version each time', async ({ staging }) => {
  const versions: unknown[][] = [];
  for (const [time, now] of [20, 40, 60].entries()) {
    const tick = person(9, now, 'tick');
    await offload(staging, [person(1, 10, 'a'), tick], SNAPSHOT);
    const report = await offload(staging, [{ ...tick, seq: now + 5 }], SNAPSHOT);
    expect(report).toMatchObject({ verified: true, rows: outcomes({ deleted: 1, updated: 1 }) });
    versions.push(['a', time === 0 ? 10 : now, now + 5]);
  }
  expect(
    await lakeQuery(
      staging,
      'SELECT name, __START_AT, __END_AT FROM documents WHERE id = 1 ORDER BY __START_AT',
    ),
  ).toEqual(versions);
});

test('two versions that begin at one moment, one of them dated by a delete, stay in the order of their sequences', async ({
  staging,
}) => {
  await offload(staging, [person(1, 10, 'a'), person(2, 20, 'x')], SCD2);
  await offload(staging, [person(2, 20, 'x')], SNAPSHOT);
  await offload(staging, [person(1, 10, 'a')], SCD2); // comes back at 20
  const report = await offload(staging, [person(1, 20, 'b'), person(1, 30, 'c')], SCD2);
  expect(report).toMatchObject({ verified: true, lakeRows: 2, rows: outcomes({ updated: 2 }) });
  expect(
    await lakeQuery(staging, 'SELECT name, __START_AT, __END_AT FROM documents WHERE id = 1 ORDER BY seq, 2'),
  ).toEqual([
    ['a', 10, 20],
    ['a', 20, 20],
    ['b', 20, 30],
    ['c', 30, null],
  ]);
});

const VERSIONED = { ingestionType: 'SCD_TYPE_2', sequenceBy: null, deletes: 'snapshot' } as const;

test('without a sequence the source’s version dates rows and deletes', async ({ staging }) => {
  await offload(staging, [person(1, 1, 'a'), person(2, 1, 'b')], { ...VERSIONED, sourceVersion: 3 });
  await offload(staging, [person(1, 1, 'A')], { ...VERSIONED, sourceVersion: 7 });
  const report = await offload(staging, [person(1, 1, 'A'), person(2, 1, 'b')], {
    ...VERSIONED,
    sourceVersion: 9,
  });
  expect(await history(staging)).toEqual([
    [1, 'a', 3, 7],
    [1, 'A', 7, null],
    [2, 'b', 3, 7],
    [2, 'b', 9, null],
  ]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ inserted: 1, unchanged: 1 }) });
  // A content the key had before is a version of its own: nothing but the open row says what the source holds.
  await offload(staging, [person(1, 1, 'a'), person(2, 1, 'b')], { ...VERSIONED, sourceVersion: 12 });
  expect(await lakeQuery(staging, 'SELECT name, __START_AT FROM documents WHERE id = 1 ORDER BY 2')).toEqual([
    ['a', 3],
    ['A', 7],
    ['a', 12],
  ]);
});

test('without a sequence a version that is read twice with other columns is replaced, and no tie', async ({
  staging,
}) => {
  await offload(staging, [person(1, 1, 'a')], { ...VERSIONED, sourceVersion: 3 });
  const report = await offload(staging, [person(1, 1, 'b')], { ...VERSIONED, sourceVersion: 3 });
  expect(await history(staging)).toEqual([[1, 'b', 3, null]]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 1 }), notes: [] });
});

test('without a sequence rows of one key in one version are a tie', async ({ staging }) => {
  for (const ingestionType of ['SCD_TYPE_1', 'SCD_TYPE_2'] as const) {
    const rows = [person(1, 1, 'a'), person(1, 2, 'b'), person(2, 1, 'x')];
    const report = await offload(staging, rows, { ...VERSIONED, ingestionType, destination: ingestionType });
    expect(report).toMatchObject({ verified: true, rows: outcomes({ inserted: 2, superseded: 1, ties: 1 }) });
  }
});

test('SCD_TYPE_1 without a sequence takes what the later version holds', async ({ staging }) => {
  const changes = { sequenceBy: null, deletes: 'snapshot' } as const;
  await offload(staging, [person(1, 5, 'a'), person(2, 5, 'b')], { ...changes, sourceVersion: 3 });
  const report = await offload(staging, [person(1, 1, 'A')], { ...changes, sourceVersion: 4 });
  expect(await current(staging)).toEqual([[1, 1, 'A']]);
  expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 1, deleted: 1 }), notes: [] });
});

for (const mode of [SCD1, SCD2]) {
  test(`a run whose version the lake has gone beyond meanwhile is refused at its commit, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [person(1, 5, 'a'), person(2, 5, 'b')], { ...mode, sourceVersion: 9 });
    await expectRejection(
      offload(staging, [person(1, 4, 'z')], { ...mode, deletes: 'snapshot', sourceVersion: 8 }),
      'RUN_OVERTAKEN',
      /of version 8 .*the lake has gone on to version 9.*Cancel it \(`lance-offload cancel \S+`\) and start a new one/,
    );
    expect(await current(staging)).toHaveLength(2);
    expect((await stateOf(staging))?.sourceVersion).toBe(9);
  });
}
