import { expect } from 'vitest';
import type { TableOptions } from '@lance-offload/base';
import { commitRun } from '../../src/commit/commit-run.ts';
import { identifyTable, refuseMadeAnew } from '../../src/plan/read-identity.ts';
import { pageCount } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { lakeQuery, stageTable } from '../merge/typed-table.ts';
import { ROWS, test, type World } from './changing-source.ts';

// A source table that is dropped and made anew under its name: what is planned then, in each mode.

const DAY_MS = 86_400_000;

const MODES = {
  APPEND_ONLY: { ingestion_type: 'APPEND_ONLY' },
  SCD_TYPE_1: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] },
  SCD_TYPE_2: { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'] },
} as const;
const READS = {
  everything: {},
  cursor: { cursor_field: 'at' },
  versions: { change_tracking: 'row_version' },
};

const NEW_ROWS = ROWS.slice(1).map((row) => ({
  ...row,
  at: Number(row['at']) - 15,
  name: `new ${String(row['id'])}`,
}));

/** Drops the table and makes it anew, a day later. */
function makeAnew({ source }: World, version: number): void {
  Object.assign(source, { bornMs: (source.bornMs ?? 0) + DAY_MS, version, oldest: 1, rows: NEW_ROWS });
}

for (const [mode, keys] of Object.entries(MODES)) {
  for (const [reads, how] of Object.entries(READS)) {
    const options = { ...keys, ...how };
    const appends = mode === 'APPEND_ONLY';
    test(`${mode}, ${reads}: a table made anew is read from the start at whichever version, or refused with the way out`, async ({
      world,
    }) => {
      await world.offload(options);
      expect((await world.plan(options)).plan.unchanged).toBe(true);
      makeAnew(world, 5);
      for (const [version, versionOffset] of [
        [2, 4],
        [5, 1],
        [8, 0],
      ] as const) {
        world.source.version = version;
        for (const full of [false, true]) {
          if (appends && reads !== 'everything' && !full) {
            await expectRejection(
              world.plan(options),
              'CONFIG_INVALID',
              /was dropped and made anew at the source .*; use --full .*, or set destination_table/,
            );
            continue;
          }
          const { plan } = await world.plan(options, { full });
          expect(plan).toMatchObject({
            unchanged: false,
            madeAnew: true,
            incarnation: 1,
            versionOffset,
            deletes: appends ? 'none' : 'snapshot',
            sourceRows: NEW_ROWS.length,
            notes: [expect.stringMatching(/the table was dropped and made anew at the source/)],
          });
          expect([plan.cursorFrom, plan.changedSince]).toEqual([undefined, undefined]);
        }
      }
    });
  }
}

test('SCD_TYPE_2 by the source version: each table that is made anew comes after those the lake has', async ({
  world,
}) => {
  const options = MODES.SCD_TYPE_2;
  world.source.version = 1;
  await world.offload(options);
  for (const _ of [1, 2]) {
    makeAnew(world, 1);
    expect(await world.offload(options)).toMatchObject({ verified: true });
  }
  world.source.version = 2;
  world.source.rows = [];
  expect(await world.offload(options)).toMatchObject({ verified: true, lakeRows: 0 });
  expect(
    await lakeQuery(world.staging, 'SELECT id, name, __START_AT, __END_AT FROM documents ORDER BY ALL'),
  ).toEqual([
    [1, 'name 1', 1, 2],
    [2, 'name 2', 1, 2],
    [2, 'new 2', 2, 4],
    [3, 'name 3', 1, 2],
    [3, 'new 3', 2, 4],
  ]);
});

for (const [mode, expected] of [
  [
    'SCD_TYPE_1',
    [
      [2, 5, 'new 2'],
      [3, 15, 'new 3'],
    ],
  ],
  [
    'SCD_TYPE_2',
    [
      [1, 10, 'name 1', 10, 30],
      [2, 5, 'new 2', 21, null],
      [2, 20, 'name 2', 20, 21],
      [3, 15, 'new 3', 31, null],
      [3, 30, 'name 3', 30, 31],
    ],
  ],
] as const) {
  test(`${mode}: rows of the new table count, however low their sequence, and the next run goes on from its cursor`, async ({
    world,
  }) => {
    const options = { ...MODES[mode], cursor_field: 'at' };
    await world.offload(options);
    makeAnew(world, 5);
    expect(await world.offload(options)).toMatchObject({
      verified: true,
      cursor: '15',
      rows: { updated: 2, deleted: 1, late: 0 },
    });
    const bounds = mode === 'SCD_TYPE_2' ? ', __START_AT, __END_AT' : '';
    const held = () =>
      lakeQuery(world.staging, `SELECT id, "at", name${bounds} FROM documents ORDER BY id, "at"`);
    expect(await held()).toEqual(expected);
    world.source.version = 6;
    const { plan } = await world.plan(options);
    expect(plan).toMatchObject({ madeAnew: false, incarnation: 1, cursorFrom: '15' });
    await world.offload(options, { full: true });
    expect(await held()).toEqual(expected);
  });
}

test('with a filter, a table made anew is swept for keys that are gone; detect_deletes: false leaves them, and says so', async ({
  world,
}) => {
  const options = { ...MODES.SCD_TYPE_1, filter_expression: 'id > 0' };
  await world.offload(options);
  makeAnew(world, 5);
  expect((await world.plan(options)).plan).toMatchObject({ deletes: 'sweep', sweepRows: NEW_ROWS.length });
  const { plan } = await world.plan({ ...options, detect_deletes: false });
  expect(plan.deletes).toBe('none');
  expect(plan.notes.join()).toMatch(/detect_deletes is false: rows of the old table .* stay/);
  await world.offload(options);
  expect(await lakeQuery(world.staging, 'SELECT id, name FROM documents ORDER BY ALL')).toEqual([
    [2, 'new 2'],
    [3, 'new 3'],
  ]);
});

test('restore, and versions that are cleaned up, are no new table; where nothing tells, a run that relies on it says so', async ({
  world,
}) => {
  const options = { ...MODES.APPEND_ONLY, cursor_field: 'at' };
  await world.offload(options);
  Object.assign(world.source, { version: 9, oldest: 5 });
  expect((await world.plan(options)).plan).toMatchObject({ madeAnew: false, cursorFrom: '30', notes: [] });
  world.source.oldest = 7;
  const { plan } = await world.plan(options);
  expect(plan).toMatchObject({ madeAnew: false, cursorFrom: '30' });
  expect(plan.notes).toEqual([
    expect.stringMatching(/nothing tells whether .*cleaned up version 5, .*--full/),
  ]);
});

test('a lake that kept nothing of its table is told by the time of its last commit', async ({ world }) => {
  const options = MODES.SCD_TYPE_1;
  const { plan } = await world.plan(options);
  const { identity: _unknown, ...before } = plan;
  await stageTable(world.staging, before, world.source);
  await commitRun(before, world.staging);
  expect((await world.plan(options)).plan).toMatchObject({ unchanged: true, madeAnew: false });
  world.source.bornMs = Date.now() + DAY_MS;
  expect((await world.plan(options)).plan).toMatchObject({ unchanged: false, madeAnew: true });
});

test('a source that lists no versions is told by columns, rows and a sample of the version the lake holds', async ({
  world,
}) => {
  world.source.bornMs = undefined;
  const options = { ...MODES.APPEND_ONLY, cursor_field: 'at' };
  const first = await world.plan(options);
  expect(first.plan.notes).toEqual([expect.stringMatching(/does not say when the versions .* were written/)]);
  await world.offload(options);
  expect((await world.plan(options)).plan).toMatchObject({ unchanged: true, notes: [] });
  world.source.version = 6;
  expect((await world.plan(options)).plan).toMatchObject({ madeAnew: false, cursorFrom: '30', notes: [] });
  for (const [version, rows, why] of [
    [5, [...ROWS.slice(0, 2), { ...ROWS[2], name: 'other' }], /row 2 of its version 5 is not the one/],
    [6, ROWS.slice(1), /its version 5 has 2 rows, and the one the lake holds 3/],
    [4, NEW_ROWS, /its version 5 has 2 rows/],
  ] as const) {
    Object.assign(world.source, { version, rows });
    await expectRejection(world.plan(options), 'CONFIG_INVALID', why);
    expect(
      (await world.plan({ ...options, ...MODES.SCD_TYPE_1 }, { destination: 'other' })).plan.madeAnew,
    ).toBe(false);
  }
});

test('a run of the old table that comes to its commit late is not published over the new one', async ({
  world,
}) => {
  const options = { ...MODES.SCD_TYPE_1, cursor_field: 'at' };
  await world.offload(options);
  world.source.version = 6;
  const { plan: late } = await world.plan(options, { full: true });
  await stageTable(world.staging, late, world.source);
  makeAnew(world, 2);
  await world.offload(options);
  await expectRejection(commitRun(late, world.staging), 'RUN_OVERTAKEN', /gone on to version 2/);
});

test('a run whose table is made anew meanwhile is refused', async ({ world }) => {
  const { plan } = await world.plan(MODES.APPEND_ONLY);
  await refuseMadeAnew(plan, world.client);
  makeAnew(world, 5);
  await expectRejection(
    refuseMadeAnew(plan, world.client),
    'VERSION_GONE',
    /was dropped and made anew at the source since run documents-.* was planned/,
  );
});

test('a run that has nothing to do has no pages, and its report stands on its plan alone', async ({
  world,
}) => {
  const options: TableOptions = { cursor_field: 'at', batch_size: 1 };
  const published = await world.offload(options);
  const { plan } = await world.plan(options);
  expect(plan).toMatchObject({
    unchanged: true,
    paging: 'offset',
    sourceRows: ROWS.length,
    standsOn: {
      runId: published.runId,
      deltaVersion: 0,
      proved: { lakeRows: 3, verified: true, cursor: '30' },
    },
  });
  expect(pageCount(plan)).toBe(0);
  await world.staging.createPlan(plan);
  // Whoever takes it to its commit: a worker that finds the plan without a report, as after its producer was killed.
  for (const _ of ['first', 'again'])
    expect(await commitRun(plan, world.staging)).toMatchObject({
      state: 'unchanged',
      verified: true,
      pages: 0,
      sourceRows: 3,
      lakeRows: 3,
      cursor: '30',
      deltaVersion: 0,
    });
  expect(await lakeQuery(world.staging, 'SELECT count(*) FROM documents')).toEqual([[3]]);
});

test('of a table that is new to the lake nothing needs to be judged', async ({ world }) => {
  const read = { table: 'documents', sourceVersion: 5, fields: [], pinned: false };
  expect(await identifyTable(read, undefined, world.client)).toMatchObject({
    identity: { version: 5, oldest: { version: 1 } },
    judgement: { is: 'the same' },
    notes: [],
  });
});
