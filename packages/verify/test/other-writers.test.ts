import { expect } from 'vitest';
import { commitRun, committedAt, type RunReport } from '@lance-offload/core';
import { appendEntry, readSnapshot, readState, type Action, type Add } from '@lance-offload/delta';
import { fenceActions } from '../../core/src/commit/commit-actions.ts';
import { openLakeTable } from '../src/lake-table.ts';
import { NO_STATE } from '../../delta/src/log/checkpoint/log-state.ts';
import { encodeCheckpoint } from '../../delta/src/log/checkpoint/write-checkpoint.ts';
import { clean, named } from '../../delta/test/log/checkpoint/checkpoint-files.ts';
import { ROWS, test, type World } from '../../core/test/plan/changing-source.ts';

// Entries of a table's log that no run has brought: another writer's, and those that cancel a run.

const DEAD = 'documents-20261122T101500Z-dead';

/** Adds an entry that takes the table's files away and puts others in, as another writer does. */
async function rewrite(
  { staging }: World,
  { dataChange, change }: { dataChange: boolean; change: (file: Add) => Add[] },
): Promise<void> {
  const table = staging.table('documents');
  const { version = -1, files = [] } = (await readSnapshot(table)) ?? {};
  const actions: Partial<Action>[] = files.flatMap((file) => [
    { remove: { path: file.path, dataChange, deletionTimestamp: 1, deletionVector: undefined } },
    ...change(file).map((add) => ({ add: { ...add, dataChange } })),
  ]);
  await appendEntry(table, version + 1, [{ commitInfo: { operation: 'OTHER', timestamp: 9 } }, ...actions]);
}

/** What a run says that finds its version in the lake already. */
async function unchanged(world: World): Promise<RunReport> {
  const { plan } = await world.plan({});
  await world.staging.createPlan(plan);
  return commitRun(plan, world.staging);
}

test('a run with nothing to do does not call verified what another writer has changed since', async ({
  world,
}) => {
  await world.offload({});
  await rewrite(world, { dataChange: true, change: () => [] });
  expect(await unchanged(world)).toMatchObject({
    state: 'unchanged',
    verified: false,
    lakeRows: 0,
    deltaVersion: 1,
    notes: [
      expect.stringMatching(
        /another writer has changed rows .*\(Delta version 1\), .*proves nothing.*--full/,
      ),
    ],
  });
});

test('a compaction changes no rows, and neither does the cancelling of a run: what was verified still is', async ({
  world,
}) => {
  await world.offload({});
  await rewrite(world, { dataChange: false, change: (file) => [file] });
  await appendEntry(world.staging.table('documents'), 2, fenceActions(DEAD, 9));
  expect(await unchanged(world)).toMatchObject({ verified: true, lakeRows: 3, deltaVersion: 2 });
});

test('a run with nothing to do proves nothing where another tool has cleaned away what the last one wrote', async ({
  world,
}) => {
  await world.offload({});
  await rewrite(world, { dataChange: false, change: (file) => [file] });
  const table = world.staging.table('documents');
  const state = (await readState(table))?.state ?? NO_STATE;
  await table.put(`${named(1)}.checkpoint.parquet`, encodeCheckpoint(state));
  await clean(table, [0]);
  const report = await unchanged(world);
  expect(report).toMatchObject({ state: 'unchanged', verified: false, deltaVersion: 1 });
  expect(report.notes).toContainEqual(expect.stringMatching(/its entry in the Delta log, is gone/));
});

test('an entry that cancels a run does not make it the last one', async ({ world }) => {
  const { runId } = await world.offload({});
  const before = await openLakeTable('documents', 'documents', world.staging);
  await appendEntry(world.staging.table('documents'), 1, fenceActions(DEAD, Date.now() + 86_400_000));
  const { names, state } = await openLakeTable('documents', 'documents', world.staging);
  expect(names).toMatchObject({ lastRun: runId, scope: `r._run_id = '${runId}'` });
  expect(names).toEqual(before.names);
  const untold = { ...state, identity: undefined };
  expect(await committedAt('documents', untold, world.staging)).toBeLessThanOrEqual(Date.now());
});

for (const [of, change] of Object.entries({
  'do not say how wide they are': (stats: string) => stats.replace(',"tightBounds":true', ''),
  'say that they are tight elsewhere': (stats: string) =>
    stats.replace(',"tightBounds":true', '').replace('{', '{"tightBounds": true,'),
  'say that they are wide': (stats: string) => stats.replace(':true', ':false'),
}))
  test(`of another writer's file that loses rows, statistics that ${of} are wide`, async ({ world }) => {
    const options = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] };
    await world.offload(options);
    await rewrite(world, {
      dataChange: false,
      change: (file) => [{ ...file, stats: change(file.stats ?? '') }],
    });
    const [first, ...rest] = ROWS;
    Object.assign(world.source, { version: 6, rows: [{ ...first, name: 'another' }, ...rest] });
    await world.offload(options);
    const { files = [] } = (await readSnapshot(world.staging.table('documents'))) ?? {};
    const [old] = files;
    expect(old?.deletionVector?.cardinality).toBe(1);
    expect(JSON.parse(old?.stats ?? '')).toEqual({
      numRecords: 3,
      minValues: { id: 1, at: 10, name: 'name 1' },
      maxValues: { id: 3, at: 30, name: 'name 3' },
      nullCount: { id: 0, at: 0, name: 0 },
      tightBounds: false,
    });
  });
