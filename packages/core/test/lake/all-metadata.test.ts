import { rm } from 'node:fs/promises';
import { expect } from 'vitest';
import { appendEntry, readLatestMetaData, readSnapshot } from '@lance-offload/delta';
import { readAllMetaData } from '../../src/lake/all-metadata.ts';
import { Staging } from '../../src/stage/staging.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { test } from '../lake-fixture.ts';
import { offload, person } from '../merge/people.ts';
import { pathsOf } from '../paths-of.ts';

const publish = (staging: Staging, seq: number) => offload(staging, [person(1, seq, 'one')]);

/** What is read of a table beside what is asked about it, and what comes of it. */
async function read(staging: Staging, known?: number) {
  const operations: string[] = [];
  const watched = new Staging(tapStore(staging.store, ({ name }) => operations.push(name)));
  const latest = await readLatestMetaData(watched.table('documents'), known);
  return {
    version: latest?.version,
    runId: latest?.metaData.configuration['lanceOffload.runId'],
    operations,
  };
}

test('a table whose last version is known is read without a listing: its last entry alone', async ({
  staging,
}) => {
  await publish(staging, 1);
  const { runId } = await publish(staging, 2);
  expect(await read(staging, 1)).toEqual({ version: 1, runId, operations: ['head', 'head', 'get'] });
});

test('what is known may be old, wrong, or nothing: what comes of it is the same', async ({ staging }) => {
  for (const seq of [1, 2, 3]) await publish(staging, seq);
  const { runId } = await publish(staging, 4);
  for (const known of [undefined, 0, 2, 3, 4, 99])
    expect(await read(staging, known)).toMatchObject({ version: 3, runId });
});

test('entries of other tools are passed over, and where many follow each other the whole state is read', async ({
  staging,
}) => {
  await publish(staging, 1);
  const { runId } = await publish(staging, 2);
  const table = staging.table('documents');
  for (let version = 2; version < 5; version++)
    await appendEntry(table, version, [{ commitInfo: { operation: 'OPTIMIZE' } }]);
  expect(await read(staging, 1)).toMatchObject({ version: 4, runId });
  for (let version = 5; version < 20; version++)
    await appendEntry(table, version, [{ commitInfo: { operation: 'OPTIMIZE' } }]);
  expect(await read(staging, 1)).toMatchObject({ version: 19, runId });
});

test('a table that asks for more than this release knows is refused, whoever raised it', async ({
  staging,
}) => {
  await publish(staging, 1);
  const table = staging.table('documents');
  const metaData = (await readSnapshot(table))?.metaData;
  const newer = { configuration: { 'lanceOffload.formatVersion': '99' } };
  if (metaData) await appendEntry(table, 1, [{ metaData: { ...metaData, ...newer } }]);
  await expect(readLatestMetaData(table, 1)).rejects.toMatchObject({ code: 'LAKE_TOO_NEW' });
  if (metaData) await appendEntry(table, 2, [{ metaData }]);
  const protocol = { minReaderVersion: 9, minWriterVersion: 9 };
  await appendEntry(table, 3, [{ protocol }]);
  await expect(readLatestMetaData(table, 3)).rejects.toMatchObject({ code: 'LAKE_TOO_NEW' });
});

test('tables without a log, and those that cannot be read, are left out of what a lake says', async ({
  staging,
}) => {
  await publish(staging, 1);
  await staging.store.put('tables/staged/_offload/x.json', '{}');
  await staging.store.put(`tables/damaged/_delta_log/${'0'.padStart(20, '0')}.json`, 'no entry');
  expect([...(await readAllMetaData(staging)).keys()]).toEqual(['documents']);
  await rm(pathsOf(staging).viewMarks, { recursive: true });
  expect([...(await readAllMetaData(staging)).keys()]).toEqual(['documents']);
});
