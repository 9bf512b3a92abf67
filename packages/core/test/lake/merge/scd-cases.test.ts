import { readLog } from '../../../src/lake/delta-log.ts';
import { expect } from 'vitest';
import { commitRun, type CommitStep, type OnCommitStep } from '../../../src/lake/commit-run.ts';
import { planPages, type RunPlan } from '../../../src/plan/run-plan.ts';
import { expectRejection } from '../../expect-code.ts';
import { stagePage, test } from '../lake-fixture.ts';
import {
  current,
  history,
  offload,
  outcomes,
  peopleColumns,
  peoplePlan,
  person,
  PEOPLE,
  stateOf,
  type Person,
} from './people.ts';
import { fieldsOf, lakeQuery, offloadTable, snapshotOf, stageTable } from './typed-table.ts';

// The numbers are those of docs/ingestion.md. Cases of planning are in test/plan/ingestion-cases.test.ts, those of
// APPEND_ONLY in append-cases.test.ts.

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
    await expectRejection(
      failed,
      'KEY_NULL',
      /7 rows have no value in "id".*nothing was published.*Some of them: _rowid 1 \(id=null\); _rowid 2 /,
    );
    expect(await current(staging)).toEqual([[1, 10, 'ann']]);
    expect((await snapshotOf(staging)).version).toBe(0);
  });

  test(`case 5: a row without the sequence that was asked for fails the run, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const failed = offload(staging, [ANN, person(2, null, 'bob')], { ...mode, sequenceRequired: true });
    await expectRejection(
      failed,
      'KEY_NULL',
      /1 row has no value in "id" or "seq".*They are: _rowid 1 \(id=2, seq=null\)/,
    );
    expect(await readLog(staging.paths.table('documents'))).toEqual([]);
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
      await readLog(staging.paths.table('documents')),
    ];
    expect(await commitRun(plan, staging)).toEqual(report);
    expect(await readLog(staging.paths.table('documents'))).toEqual(log);
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

test('case 12: a key that a complete snapshot lacks is deleted under SCD_TYPE_1', async ({ staging }) => {
  await offload(staging, [ANN, BOB, person(3, 10, 'cy')]);
  const report = await offload(staging, [BOB], { deletes: 'snapshot' });
  expect(await current(staging)).toEqual([[2, 10, 'bob']]);
  expect(report).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ deleted: 2, unchanged: 1 }) });
});

test('case 12: a key that a complete snapshot lacks is closed under SCD_TYPE_2, at the greatest sequence there is', async ({
  staging,
}) => {
  await offload(staging, [ANN, BOB, person(3, 10, 'cy')], SCD2);
  const report = await offload(staging, [person(2, 14, 'rob')], { ...SCD2, deletes: 'snapshot' });
  expect(await history(staging)).toEqual([
    [1, 'ann', 10, 14],
    [2, 'bob', 10, 14],
    [2, 'rob', 14, null],
    [3, 'cy', 10, 14],
  ]);
  expect(report).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ deleted: 2, updated: 1 }) });
});

for (const mode of MODES) {
  test(`case 12: a key that a sweep does not find is gone though the run is incremental, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], { ...mode, cursorField: 'seq' });
    const swept = [{ id: 2 }, { id: 3 }];
    const changes: Partial<RunPlan> = { ...mode, cursorField: 'seq', cursorFrom: '10', deletes: 'sweep' };
    const report = await offload(staging, [person(3, 12, 'cy')], changes, { swept });
    const open = mode === SCD2 ? 'documents_current' : 'documents';
    expect(await lakeQuery(staging, `SELECT id FROM ${open} ORDER BY id`)).toEqual([[2], [3]]);
    expect(report).toMatchObject({
      verified: true,
      lakeRows: 2,
      rows: outcomes({ inserted: 1, deleted: 1 }),
    });
    expect((await stateOf(staging))?.deletesVersion).toBe(report.sourceVersion);
  });

  test(`case 12: a source that is empty leaves nothing, under ${mode.ingestionType}`, async ({ staging }) => {
    await offload(staging, [ANN, BOB], mode);
    const report = await offload(staging, [], { ...mode, deletes: 'snapshot' });
    expect(report).toMatchObject({ verified: true, lakeRows: 0, rows: outcomes({ deleted: 2 }) });
    const again = await offload(staging, [], { ...mode, deletes: 'sweep' });
    expect(again).toMatchObject({ verified: true, lakeRows: 0, rows: outcomes({}) });
  });

  test(`case 12: a run whose scan is not complete deletes nothing, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const people: Person[] = [ANN, BOB, person(3, 10, 'cy'), person(4, 10, 'di')];
    await offload(staging, people, mode);
    const plan = peoplePlan(people, { ...mode, deletes: 'snapshot' });
    await staging.createPlan(plan);
    const [first] = planPages(plan);
    await stagePage(plan, first?.index ?? 0, staging, peopleColumns(people));
    await expectRejection(commitRun(plan, staging), 'AUDIT_FAILED', /1 of 2 pages are not staged/);
    const twice = peopleColumns([ANN, ANN, ANN, ANN]);
    await stagePage(plan, 1, staging, (offset, count) => ({
      ...twice(offset, count),
      _rowid: twice(0, count)['_rowid'],
    }));
    await expectRejection(commitRun(plan, staging), 'AUDIT_FAILED', /3 distinct row ids/);
    expect(await current(staging)).toHaveLength(4);
  });
}

test('case 13: a key that comes back after its delete is inserted under SCD_TYPE_1, whatever its sequence', async ({
  staging,
}) => {
  await offload(staging, [ANN, BOB]);
  await offload(staging, [BOB], { deletes: 'snapshot' });
  const report = await offload(staging, [person(1, 4, 'ann'), BOB], { deletes: 'snapshot' });
  expect(await current(staging)).toEqual([
    [1, 4, 'ann'],
    [2, 10, 'bob'],
  ]);
  expect(report.rows).toEqual(outcomes({ inserted: 1, unchanged: 1 }));
});

test('case 13: a key that comes back after its delete has a new version under SCD_TYPE_2, and the gap stays', async ({
  staging,
}) => {
  await offload(staging, [ANN, BOB], SCD2);
  await offload(staging, [person(2, 15, 'rob')], { ...SCD2, deletes: 'snapshot' });
  const report = await offload(staging, [person(1, 30, 'anna'), person(2, 15, 'rob')], {
    ...SCD2,
    deletes: 'snapshot',
  });
  expect(await history(staging)).toEqual([
    [1, 'ann', 10, 15],
    [1, 'anna', 30, null],
    [2, 'bob', 10, 15],
    [2, 'rob', 15, null],
  ]);
  expect(report).toMatchObject({
    verified: true,
    lakeRows: 2,
    rows: outcomes({ inserted: 1, unchanged: 1 }),
  });
});

for (const mode of MODES) {
  const withAge = { ...PEOPLE, age: 'double' };
  const rules = { ...mode, primaryKeys: ['id'], sequenceBy: 'seq' };

  test(`case 16: a column added at the source is null in old rows, and by itself no change of them, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], mode);
    const rows = [
      { ...ANN, age: null },
      { id: 2, seq: 12, name: 'bob', age: 41 },
    ];
    const report = await offloadTable(staging, { types: withAge, rows }, rules);
    expect(report).toMatchObject({ verified: true, rows: outcomes({ unchanged: 1, updated: 1 }) });
    const open = mode === SCD2 ? 'documents_current' : 'documents';
    expect(await lakeQuery(staging, `SELECT id, age FROM ${open} ORDER BY id`)).toEqual([
      [1, null],
      [2, 41],
    ]);
    if (mode === SCD2)
      expect(
        await lakeQuery(staging, 'SELECT name, age, __END_AT FROM documents WHERE id = 2 ORDER BY ALL'),
      ).toEqual([
        ['bob', 41, null],
        ['bob', null, 12],
      ]);
  });

  test(`case 17: a column dropped at the source stays in the lake, null in new rows, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const rows = [
      { ...ANN, age: 30 },
      { ...BOB, age: null },
    ];
    await offloadTable(staging, { types: withAge, rows }, rules);
    const report = await offload(staging, [person(1, 11, 'ann'), BOB], mode);
    expect(report).toMatchObject({ verified: true, rows: outcomes({ updated: 1, unchanged: 1 }) });
    const versions =
      mode === SCD2
        ? [
            [1, 10, 30],
            [1, 11, null],
            [2, 10, null],
          ]
        : [
            [1, 11, null],
            [2, 10, null],
          ];
    expect(await lakeQuery(staging, 'SELECT id, seq, age FROM documents ORDER BY ALL')).toEqual(versions);
  });

  test(`case 19: columns in another order are the same rows, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    await offload(staging, [ANN, BOB], mode);
    const types = { name: 'string', seq: 'int64', id: 'int64' };
    const rows = [{ ...ANN }, { id: 2, seq: 11, name: 'rob' }];
    const report = await offloadTable(staging, { types, rows }, { ...rules, columns: fieldsOf(types) });
    expect(report).toMatchObject({ verified: true, rows: outcomes({ unchanged: 1, updated: 1 }) });
    const open = mode === SCD2 ? 'documents_current' : 'documents';
    expect(await lakeQuery(staging, `SELECT id, seq, name FROM ${open} ORDER BY ALL`)).toEqual([
      [1, 10, 'ann'],
      [2, 11, 'rob'],
    ]);
  });

  test(`case 20: NaN is NaN and -0.0 is 0.0, but null, empty and zero are changes of one another, under ${mode.ingestionType}`, async ({
    staging,
  }) => {
    const types = { id: 'int64', seq: 'int64', x: 'double', s: 'string' };
    const table = (values: readonly (readonly [x: number | null, s: string | null])[]) => ({
      types,
      rows: values.map(([x, s], index) => ({ id: index, seq: 1, x, s })),
    });
    await offloadTable(
      staging,
      table([
        [Number.NaN, ''],
        [0, ''],
        [0, 'x'],
        [null, 'x'],
      ]),
      rules,
    );
    const report = await offloadTable(
      staging,
      table([
        [Number.NaN, ''],
        [-0, ''],
        [0, null],
        [0, 'x'],
      ]),
      rules,
    );
    expect(report.rows).toEqual(outcomes({ unchanged: 2, updated: 2, ties: 2 }));
  });
}

test('case 21: history is half-open and typed as the sequence, and the row that counts has no end', async ({
  staging,
}) => {
  const types = { id: 'int64', at: 'timestamp:us:UTC', name: 'string' };
  const day = (number: number) => BigInt(number) * 86_400_000_000n;
  const rows = [1, 2, 3].map((number) => ({ id: 1, at: day(number), name: `day ${number}` }));
  await offloadTable(staging, { types, rows }, { ...SCD2, primaryKeys: ['id'], sequenceBy: 'at' });
  expect(
    await lakeQuery(
      staging,
      "SELECT column_type FROM (DESCRIBE documents) WHERE column_name LIKE '\\_\\_%' ESCAPE '\\'",
    ),
  ).toEqual([['TIMESTAMP WITH TIME ZONE'], ['TIMESTAMP WITH TIME ZONE']]);
  const at = (moment: string) =>
    lakeQuery(
      staging,
      `SELECT name FROM documents WHERE __START_AT <= '${moment}' AND ('${moment}' < __END_AT OR __END_AT IS NULL)`,
    );
  expect(await at('1970-01-02T00:00:00Z')).toEqual([['day 1']]);
  expect(await at('1970-01-02T23:59:59.999999Z')).toEqual([['day 1']]);
  expect(await at('1970-01-03T00:00:00Z')).toEqual([['day 2']]);
  expect(await at('2070-01-01T00:00:00Z')).toEqual([['day 3']]);
  expect(await at('1970-01-01T12:00:00Z')).toEqual([]);
  expect(await lakeQuery(staging, 'SELECT name FROM documents_current')).toEqual([['day 3']]);
});
