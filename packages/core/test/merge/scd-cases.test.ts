import { expect, vi } from 'vitest';
import { readLog } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { CommitStep, OnCommitStep } from '../../src/commit/publish-run.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { test } from '../lake-fixture.ts';
import { current, history, offload, outcomes, PEOPLE, peoplePlan, person, stateOf } from './people.ts';
import { lakeQuery, offloadTable, snapshotOf, stageTable } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

// The numbers are those of docs/ingestion.md. Cases 12 and on are in scd-lifecycle.test.ts, those of planning in
// test/plan/ingestion-cases.test.ts, those of APPEND_ONLY in append-cases.test.ts.

const SCD1 = { ingestionType: 'SCD_TYPE_1' } as const;
const SCD2 = { ingestionType: 'SCD_TYPE_2' } as const;
const MODES = [SCD1, SCD2];

const ANN = person(1, 10, 'ann');
const BOB = person(2, 10, 'bob');

test('case 1: of several rows of a key in one run SCD_TYPE_1 keeps the one with the greatest sequence', async ({
  staging,
}) => {
  const rows = [person(1, 12, 'anne'), ANN, person(1, 15, 'anna'), person(1, 14, 'an'), BOB];
  const report = await offload(staging, rows);
  expect(await current(staging)).toEqual([
    [1, 15, 'anna'],
    [2, 10, 'bob'],
  ]);
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 2,
    rows: outcomes({ inserted: 2, superseded: 3 }),
  });
});

test('case 1: of several rows of a key in one run SCD_TYPE_2 keeps each as a version', async ({
  staging,
}) => {
  const rows = [person(1, 12, 'anne'), ANN, person(1, 15, 'anna'), BOB];
  const report = await offload(staging, rows, SCD2);
  expect(await history(staging)).toEqual([
    [1, 'ann', 10, 12],
    [1, 'anne', 12, 15],
    [1, 'anna', 15, null],
    [2, 'bob', 10, null],
  ]);
  expect(report).toMatchObject({ verified: true, lakeRows: 2, rows: outcomes({ inserted: 2, updated: 2 }) });
});

for (const mode of MODES) {
  test(`case 2: rows that are the same become one, under ${mode.ingestionType}`, async ({ staging }) => {
    const report = await offload(staging, [ANN, ANN, BOB, ANN], mode);
    expect(await current(staging)).toEqual([
      [1, 10, 'ann'],
      [2, 10, 'bob'],
    ]);
    expect(report).toMatchObject({
      verified: true,
      rows: outcomes({ inserted: 2, superseded: 2 }),
      notes: [],
    });
  });

  test(`case 3: of different rows at one sequence the same one counts in whichever order they come, and the report says so, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const rows = [ANN, person(1, 10, 'anne'), person(1, 10, 'anna'), BOB];
    const report = await offload(staging, rows, mode);
    expect(report).toMatchObject({
      verified: true,
      rows: outcomes({ inserted: 2, superseded: 2, ties: 1 }),
      notes: [expect.stringMatching(/^1 key has different rows at one sequence/)],
    });
    const first = await current(staging);
    expect(first).toHaveLength(2);
    for (const [options, feed] of [
      [{ reverse: true }, rows],
      [{}, rows.toReversed()],
    ] as const) {
      const again = await offload(staging, feed, mode, options);
      expect(again.rows).toEqual(outcomes({ unchanged: 2, superseded: 2, ties: 1 }));
      expect(await current(staging)).toEqual(first);
    }
  });

  test(`case 4: rows without a key fail the run with their number and some of them, and nothing is published, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN], mode);
    const rows = [
      { ...BOB },
      ...Array.from({ length: 7 }, (_, index) => ({ id: null, seq: 20 + index, name: 'x' })),
    ];
    const table = { types: PEOPLE, rows };
    const failed = offloadTable(staging, table, { ...mode, primaryKeys: ['id'], sequenceBy: 'seq' });
    const error = await expectRejection(
      failed,
      'KEY_NULL',
      /7 rows have no value in "id".*nothing was published$/,
    );
    expect(error.words).toMatch(/, such as _rowid 1 \(id=null\); _rowid 2 /);
    expect(await current(staging)).toEqual([[1, 10, 'ann']]);
    expect((await snapshotOf(staging)).version).toBe(0);
  });

  test(`case 5: a row without the sequence that was asked for fails the run, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const failed = offload(staging, [ANN, person(2, null, 'bob')], { ...mode, sequenceRequired: true });
    const error = await expectRejection(failed, 'KEY_NULL', /1 row has no value in "id" or "seq"/);
    expect(error.details.sample).toEqual(['_rowid 1 (id=2, seq=null)']);
    expect(await readLog(staging.table('documents'))).toEqual([]);
  });
}

test('case 6: a row older than the lake’s is ignored under SCD_TYPE_1, and counted', async ({ staging }) => {
  await offload(staging, [ANN, BOB]);
  const report = await offload(staging, [person(1, 9, 'an'), person(2, 11, 'rob')]);
  expect(await current(staging)).toEqual([
    [1, 10, 'ann'],
    [2, 11, 'rob'],
  ]);
  expect(report).toMatchObject({ verified: true, lakeRows: 2, rows: outcomes({ late: 1, updated: 1 }) });
});

test('case 7: an older row under SCD_TYPE_2 is put into the history, and the intervals are split', async ({
  staging,
}) => {
  await offload(staging, [ANN, person(1, 20, 'anna'), BOB], SCD2);
  const report = await offload(
    staging,
    [person(1, 15, 'anne'), person(1, 5, 'a'), person(2, 10, 'bob')],
    SCD2,
  );
  expect(await history(staging)).toEqual([
    [1, 'a', 5, 10],
    [1, 'ann', 10, 15],
    [1, 'anne', 15, 20],
    [1, 'anna', 20, null],
    [2, 'bob', 10, null],
  ]);
  expect(report).toMatchObject({ verified: true, lakeRows: 2, rows: outcomes({ late: 2, unchanged: 1 }) });
});

test('case 7: an older row beside another content of the newest one is still a late one', async ({
  staging,
}) => {
  await offload(staging, [ANN], SCD2);
  const report = await offload(staging, [person(1, 5, 'a'), person(1, 10, 'anne')], SCD2);
  expect(await history(staging)).toEqual([
    [1, 'a', 5, 10],
    [1, 'anne', 10, null],
  ]);
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 1,
    rows: outcomes({ late: 1, updated: 1, ties: 1 }),
  });
});

for (const mode of MODES) {
  test(`case 8: rows that are unchanged make no version and no file, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const rows = [ANN, BOB, person(3, 10, null), person(4, 12, '')];
    await offload(staging, rows, mode);
    const before = await snapshotOf(staging);
    const report = await offload(staging, rows, { ...mode, deletes: 'snapshot' });
    expect(report).toMatchObject({
      verified: true,
      lakeRows: 4,
      rows: outcomes({ unchanged: 4 }),
      lakeBytes: 0,
    });
    const after = await snapshotOf(staging);
    expect([after.files, after.version]).toEqual([before.files, 1]);
    expect((await stateOf(staging))?.sourceVersion).toBe(report.sourceVersion);
  });

  test(`case 9: committing a committed run again changes nothing, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], mode);
    const plan = peoplePlan([person(1, 11, 'anne')], { ...mode, deletes: 'snapshot' });
    await stageTable(staging, plan, { types: PEOPLE, rows: [{ id: 1, seq: 11, name: 'anne' }] });
    const report = await commitRun(plan, staging);
    const [rows, log] = [
      await lakeQuery(staging, 'FROM documents ORDER BY ALL'),
      await readLog(staging.table('documents')),
    ];
    expect(await commitRun(plan, staging)).toEqual(report);
    expect(await readLog(staging.table('documents'))).toEqual(log);
    expect(await lakeQuery(staging, 'FROM documents ORDER BY ALL')).toEqual(rows);
  });
}

const dieAfter =
  (last: CommitStep): OnCommitStep =>
  (step) => {
    if (step === last) throw new Error(`died after ${step}`);
  };

for (const mode of MODES) {
  test(`case 10: of a commit that ends before it publishes nothing is seen, and the retry finishes it, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], mode);
    const [rows, state] = [await lakeQuery(staging, 'FROM documents ORDER BY ALL'), await stateOf(staging)];
    const plan = peoplePlan([person(1, 11, 'anne')], { ...mode, deletes: 'snapshot' });
    await stageTable(staging, plan, { types: PEOPLE, rows: [{ id: 1, seq: 11, name: 'anne' }] });
    await expect(commitRun(plan, staging, dieAfter('vectors written'))).rejects.toThrow('died after');
    expect(await lakeQuery(staging, 'FROM documents ORDER BY ALL')).toEqual(rows);
    expect(await stateOf(staging)).toEqual(state);
    expect(await commitRun(plan, staging)).toMatchObject({
      verified: true,
      deltaVersion: 1,
      rows: outcomes({ updated: 1, deleted: 1 }),
    });
  });

  test(`case 11: a key that an incremental run does not read is untouched, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], { ...mode, cursorField: 'seq' });
    const report = await offload(staging, [person(3, 12, 'cy')], {
      ...mode,
      cursorField: 'seq',
      cursorFrom: '10',
    });
    expect(report).toMatchObject({
      verified: true,
      lakeRows: 3,
      rows: outcomes({ inserted: 1 }),
      cursor: '12',
    });
    expect(await current(staging)).toEqual([
      [1, 10, 'ann'],
      [2, 10, 'bob'],
      [3, 12, 'cy'],
    ]);
  });
}
