import { expect, vi } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { planPages, type RunPlan } from '../../src/plan/run-plan.ts';
import { rowIds } from '../../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { stagePage, test } from '../lake-fixture.ts';
import {
  current,
  history,
  offload,
  outcomes,
  PEOPLE,
  peopleColumns,
  peoplePlan,
  person,
  stateOf,
  type Person,
} from './people.ts';
import { fieldsOf, lakeQuery, offloadTable } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

// The numbers are those of docs/ingestion.md: keys that go and come back, columns that come and go.

const SCD1 = { ingestionType: 'SCD_TYPE_1' } as const;
const SCD2 = { ingestionType: 'SCD_TYPE_2' } as const;
const MODES = [SCD1, SCD2];

const ANN = person(1, 10, 'ann');
const BOB = person(2, 10, 'bob');

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
    const columns = peopleColumns(people);
    await stagePage(plan, 1, staging, (offset, count) => ({
      ...columns(offset, count),
      _rowid: rowIds(0, count),
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
  const rows = [1, 2, 3].map((day) => ({ id: 1, at: BigInt(day) * 86_400_000_000n, name: `day ${day}` }));
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
