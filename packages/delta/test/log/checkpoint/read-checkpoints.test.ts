import { expect } from 'vitest';
import { appendEntry, readEntries, readLog, readSnapshot } from '../../../src/log/delta-log.ts';
import { snapshotAt } from '../../../src/log/lake-moment.ts';
import { openStore } from '../../../src/store/open-store.ts';
import type { Store } from '../../../src/store/store.ts';
import { expectRejection } from '../../../../base/test/expect-code.ts';
import { tapStore } from '../../store/tapped-store.ts';
import { test } from '../lake-of-tables.ts';
import { add, clean, fileOf, named, opening } from './checkpoint-files.ts';

/** A table of five versions, `a` to `e`. */
async function fiveVersions(lake: { table: (name: string) => Store }): Promise<Store> {
  const table = lake.table('t');
  await appendEntry(table, 0, [...opening, add('a')]);
  for (const [index, file] of ['b', 'c', 'd', 'e'].entries())
    await appendEntry(table, index + 1, [add(file)]);
  return table;
}

const upTo = (version: number) => [...opening, ...['a', 'b', 'c', 'd', 'e'].slice(0, version + 1).map(add)];

/** The files of a table as a process finds them that has not read it before. */
async function filesOf(table: Store, version?: number): Promise<string | undefined> {
  const snapshot = await readSnapshot(openStore(table.locate('')), version);
  return snapshot && `${snapshot.version}: ${snapshot.files.map(({ path }) => path).join('')}`;
}

test('a table is read from its newest checkpoint, and from the entries behind that', async ({ lake }) => {
  const table = await fiveVersions(lake);
  await table.put(`${named(1)}.checkpoint.parquet`, fileOf(1, upTo(1)));
  await table.put(`${named(3)}.checkpoint.parquet`, fileOf(3, [...upTo(2), add('from-checkpoint')]));
  expect(await filesOf(table)).toBe('4: abcfrom-checkpointe');
  await clean(table, [0, 1, 2, 3]);
  expect(await filesOf(table)).toBe('4: abcfrom-checkpointe');
});

test('a checkpoint of more files than a call may have arguments is read', async ({ lake }) => {
  const table = await fiveVersions(lake);
  const files = Array.from({ length: 130_000 }, (_, index) => add(`${index}`));
  const lines = [{ checkpointMetadata: { version: 4 } }, ...opening, ...files].map((line) =>
    JSON.stringify(line),
  );
  const key = `${named(4)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`;
  await table.put(key, Buffer.from(lines.join('\n')));
  await clean(table, [0, 1, 2, 3, 4]);
  expect((await readSnapshot(openStore(table.locate(''))))?.files).toHaveLength(130_000);
});

test('of a cleaned log, the versions can be read that a checkpoint and the entries behind it lead to', async ({
  lake,
}) => {
  const table = await fiveVersions(lake);
  await table.put(`${named(2)}.checkpoint.parquet`, fileOf(2, upTo(2)));
  await clean(table, [0, 1]);
  const found = await Promise.all([0, 1, 2, 3, 4, 5].map((version) => filesOf(table, version)));
  expect(found).toEqual([undefined, undefined, '2: abc', '3: abcd', '4: abcde', undefined]);
  const log = await readLog(table);
  expect(log.map(({ version, isCheckpoint = false }) => [version, isCheckpoint])).toEqual([
    [2, true],
    [3, false],
    [4, false],
  ]);
  await expectRejection(
    snapshotAt('t', table, { version: 1 }),
    'LAKE_NOT_FOUND',
    /has no version 1; its versions are 2 to 4/,
  );
  await expectRejection(snapshotAt('t', table, { timestampMs: 1 }), 'LAKE_NOT_FOUND', /nothing as of/);
  const entries = await Array.fromAsync(readEntries(table));
  expect(entries.map(({ version }) => version)).toEqual([4, 3, 2]);
});

test('a log whose last entry is gone as well is its checkpoint', async ({ lake }) => {
  const table = await fiveVersions(lake);
  await table.put(`${named(4)}.checkpoint.parquet`, fileOf(4, upTo(4)));
  await clean(table, [0, 1, 2, 3, 4]);
  expect(await filesOf(table)).toBe('4: abcde');
  expect(await appendEntry(table, 5, [add('f')])).toBe(true);
  expect(await filesOf(table)).toBe('5: abcdef');
});

for (const [what, damage] of [
  ['is empty', async (table) => table.put(`${named(3)}.checkpoint.parquet`, '')],
  [
    'is cut off',
    async (table) => table.put(`${named(3)}.checkpoint.parquet`, fileOf(3, upTo(3)).subarray(0, -9)),
  ],
  ['has no schema', async (table) => table.put(`${named(3)}.checkpoint.parquet`, fileOf(3, [add('x')]))],
  [
    'lacks a part',
    async (table) =>
      table.put(`${named(3)}.checkpoint.0000000001.0000000002.parquet`, fileOf(3, [...opening, add('x')])),
  ],
  [
    'is of another version',
    async (table) => table.put(`${named(3)}.checkpoint.f00-1.json`, '{"checkpointMetadata":{"version":2}}\n'),
  ],
  [
    'lacks a sidecar',
    async (table) =>
      table.put(
        `${named(3)}.checkpoint.f00-1.json`,
        [{ checkpointMetadata: { version: 3 } }, ...opening, { sidecar: { path: 'gone.parquet' } }]
          .map((action) => JSON.stringify(action))
          .join('\n'),
      ),
  ],
] as const satisfies readonly (readonly [string, (table: Store) => Promise<void>])[])
  test(`a checkpoint that ${what} is passed over for an older one, and for the whole log`, async ({
    lake,
  }) => {
    const table = await fiveVersions(lake);
    await damage(table);
    await table.put('_delta_log/_last_checkpoint', '{"version":3}');
    expect(await filesOf(table)).toBe('4: abcde');
    await table.put(`${named(1)}.checkpoint.parquet`, fileOf(1, upTo(1)));
    await clean(table, [0]);
    expect(await filesOf(table)).toBe('4: abcde');
    await table.delete([`${named(1)}.checkpoint.parquet`]);
    await expectRejection(filesOf(table), 'LAKE_UNAVAILABLE', /checkpoint .*cannot be read|has gaps/);
  });

for (const [what, hint] of [
  ['is absent', undefined],
  ['is damaged', '{"version":'],
  ['names a version that is not there', '{"version":400}'],
  ['names an older checkpoint', '{"version":1,"size":3}'],
  ['names a version without a checkpoint', '{"version":4,"size":3}'],
] as const)
  test(`the latest version is found where _last_checkpoint ${what}`, async ({ lake }) => {
    const table = await fiveVersions(lake);
    for (const version of [1, 3])
      await table.put(`${named(version)}.checkpoint.parquet`, fileOf(version, upTo(version)));
    if (hint !== undefined) await table.put('_delta_log/_last_checkpoint', hint);
    await clean(table, [0, 1, 2]);
    expect(await filesOf(table)).toBe('4: abcde');
  });

test('entries behind a gap are refused, with a checkpoint before it too', async ({ lake }) => {
  const table = await fiveVersions(lake);
  await table.put(`${named(1)}.checkpoint.parquet`, fileOf(1, upTo(1)));
  await clean(table, [3]);
  await expectRejection(filesOf(table), 'LAKE_UNAVAILABLE', /has gaps/);
});

test('what a process has read of a log it does not read again, unless somebody has made the table anew', async ({
  lake,
}) => {
  const made = await fiveVersions(lake);
  const read: string[] = [];
  const table = tapStore(openStore(made.locate('')), ({ name, key }) => {
    if (name === 'get') read.push(key.slice(-6));
  });
  await readSnapshot(table);
  read.length = 0;
  await appendEntry(table, 5, [add('f')]);
  expect((await readSnapshot(table))?.files).toHaveLength(6);
  expect(read).toEqual(['5.json']);
  await clean(table, [0, 1, 2, 3, 4, 5]);
  await appendEntry(table, 0, [...opening, add('z')]);
  for (const version of [1, 2, 3, 4, 5, 6]) await appendEntry(table, version, [add('f')]);
  expect((await readSnapshot(table))?.files.map(({ path }) => path)).toEqual(['z', 'f']);
});
