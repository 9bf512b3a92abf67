import { expect } from 'vitest';
import { endOfRun, fenceActions } from '../../src/commit/commit-actions.ts';
import { commitRun } from '../../src/commit/commit-run.ts';
import { intervalMs } from '../../../delta/src/log/checkpoint/retention.ts';
import { appendEntry, checkpointIfDue, getText, readSnapshot, type Store } from '@lance-offload/delta';
import { openLake, Staging } from '../../src/stage/staging.ts';
import { keysOf } from '../../../delta/test/store/read-store.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { planOf, stageRun, test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';
import { add, clean, named, opening } from '../../../delta/test/log/checkpoint/checkpoint-files.ts';

const DAY_MS = 86_400_000;

/** A table with a checkpoint due every so many versions. */
function openingEvery(interval: number, more: Readonly<Record<string, string>> = {}) {
  const configuration = { 'delta.checkpointInterval': String(interval), ...more };
  return opening.map((action) =>
    action.metaData ? { metaData: { ...action.metaData, configuration } } : action,
  );
}

const checkpointsOf = async (table: Store): Promise<string[]> =>
  (await keysOf(table, '_delta_log/')).filter((key) => key.includes('checkpoint'));

test('a checkpoint is written once a hundred versions have come since the last one, and readers are led to it', async ({
  staging,
}) => {
  const table = staging.table('t');
  await appendEntry(table, 0, [...opening, add('0')]);
  for (let version = 1; version < 100; version++) await appendEntry(table, version, [add(String(version))]);
  expect([await checkpointIfDue(table), await checkpointsOf(table)]).toEqual([false, []]);
  await appendEntry(table, 100, [add('100')]);
  expect([await checkpointIfDue(table), await checkpointIfDue(table)]).toEqual([true, false]);
  const [file = ''] = await checkpointsOf(table);
  expect(file).toBe(`${named(100)}.checkpoint.parquet`);
  const size = (await table.head(file))?.size;
  const hint: unknown = JSON.parse((await getText(table, '_delta_log/_last_checkpoint')) ?? '');
  expect(hint).toEqual({ version: 100, size: 103, sizeInBytes: size, numOfAddFiles: 101 });
});

test('two that write the same checkpoint at once leave one, which says what the log says', async ({
  staging,
}) => {
  const table = staging.table('t');
  await appendEntry(table, 0, [...openingEvery(1), add('a')]);
  await appendEntry(table, 1, [add('b')]);
  const others = Array.from({ length: 4 }, () => openLake(pathsOf(staging).root).table('t'));
  await Promise.all(others.map((other) => checkpointIfDue(other)));
  const before = await readSnapshot(table);
  await clean(table, [0]);
  expect(await checkpointsOf(table)).toEqual([
    `${named(1)}.checkpoint.parquet`,
    '_delta_log/_last_checkpoint',
  ]);
  expect(await readSnapshot(openLake(pathsOf(staging).root).table('t'))).toEqual(before);
});

test('an older checkpoint that comes late does not lead readers back', async ({ staging }) => {
  const table = staging.table('t');
  await appendEntry(table, 0, [...openingEvery(1), add('a')]);
  await appendEntry(table, 1, [add('b')]);
  await table.put('_delta_log/_last_checkpoint', '{"version":7}');
  const withNewer = tapStore(table, ({ name, key }) =>
    name === 'putIfAbsent' && key.endsWith('.checkpoint.parquet')
      ? table.put(`${named(7)}.checkpoint.parquet`, 'of another writer')
      : undefined,
  );
  await checkpointIfDue(withNewer);
  expect(await getText(table, '_delta_log/_last_checkpoint')).toBe('{"version":7}');
});

test('readers who are led to a checkpoint that is not there are led to one that is', async ({ staging }) => {
  const table = staging.table('t');
  await appendEntry(table, 0, [...openingEvery(1), add('a')]);
  await appendEntry(table, 1, [add('b')]);
  await table.put('_delta_log/_last_checkpoint', '{"version":7}');
  await checkpointIfDue(table);
  expect(await getText(table, '_delta_log/_last_checkpoint')).toMatch(/"version":1,/);
});

for (const [what, more, kept] of [
  ['a week', {}, ['new']],
  ['as long as the table says', { 'delta.deletedFileRetentionDuration': 'interval 2 weeks' }, ['old', 'new']],
  ['for good where that cannot be read', { 'delta.deletedFileRetentionDuration': 'a while' }, ['old', 'new']],
] as const)
  test(`a checkpoint keeps what was removed ${what}, and every transaction`, async ({ staging }) => {
    const table = staging.table('t');
    const properties = { 'delta.setTransactionRetentionDuration': 'interval 1 day', ...more };
    const now = Date.now();
    const removed = (path: string, days: number) => ({
      remove: { path, deletionTimestamp: now - days * DAY_MS, deletionVector: undefined },
    });
    await appendEntry(table, 0, [...openingEvery(1, properties), add('old'), add('new')]);
    await appendEntry(table, 1, [removed('old', 8), removed('new', 6), ...fenceActions('r', 1)]);
    await checkpointIfDue(table, now);
    await clean(table, [0, 1]);
    const snapshot = await readSnapshot(openLake(pathsOf(staging).root).table('t'));
    expect(snapshot?.tombstones.map(({ path }) => path)).toEqual(kept);
    expect(await endOfRun(table, 'r')).toEqual({ entry: undefined, cancelled: true });
  });

test('intervals are read as Spark writes them', () => {
  expect(
    ['interval 1 week', 'INTERVAL 2 days 12 hours', '30 minutes', 'interval', '7', 'interval x days'].map(
      intervalMs,
    ),
  ).toEqual([7 * DAY_MS, 2.5 * DAY_MS, 1_800_000, undefined, undefined, undefined]);
});

test('a run is committed, and says so, where its checkpoint cannot be written', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  await appendEntry(staging.table('documents'), 0, openingEvery(1));
  const failing = new Staging(
    tapStore(staging.store, ({ name, key }) => {
      if (name === 'putIfAbsent' && key.includes('checkpoint')) throw new Error('no checkpoints today');
    }),
  );
  const report = await commitRun(plan, failing);
  expect(report).toMatchObject({ state: 'published', lakeRows: 25 });
  expect(report.notes).toEqual([
    expect.stringMatching(/no checkpoint .*could be written.*no checkpoints today/),
  ]);
  expect(await checkpointsOf(staging.table('documents'))).toEqual([]);
});

test('a run whose entry is gone is found published by its transaction, and is not published again', async ({
  staging,
}) => {
  const plan = planOf();
  const table = staging.table('documents');
  await stageRun(plan, staging);
  await appendEntry(table, 0, openingEvery(1));
  const dies = commitRun(plan, staging, (step) => {
    if (step === 'logged') throw new Error('died');
  });
  await expect(dies).rejects.toThrow('died');
  await checkpointIfDue(table);
  await clean(table, [0, 1]);
  const later = openLake(pathsOf(staging).root);
  const report = await commitRun(plan, later);
  expect(report).toMatchObject({ state: 'published', verified: false, deltaVersion: null });
  expect(report.notes).toContainEqual(expect.stringContaining('what it did is not known'));
  expect((await readSnapshot(later.table('documents')))?.files).toHaveLength(3);
});
