import { expect } from 'vitest';
import { readHistory } from '../../src/lake/read-history.ts';
import { test } from '../lake-fixture.ts';
import { pastRuns, runIdOf } from './past-runs.ts';

test('history is read part by part, the newest commit first, and says whether there is an older one', async ({
  staging,
}) => {
  await pastRuns(staging, 6);
  const table = staging.table('documents');
  const part = async (newest: number, limit: number) => {
    const { commits, hasOlder } = await readHistory(table, newest, limit);
    return [...commits.map(({ version }) => version), hasOlder];
  };
  expect(await part(5, 3)).toEqual([5, 4, 3, true]);
  expect(await part(2, 3)).toEqual([2, 1, 0, false]);
  expect(await part(2, 20)).toEqual([2, 1, 0, false]);
  expect(await part(-1, 20)).toEqual([false]);
  const [commit] = (await readHistory(table, 1, 1)).commits;
  expect(commit).toMatchObject({
    version: 1,
    operation: 'MERGE',
    runId: runIdOf(2),
    rows: { inserted: 0, updated: 3 },
    filesAdded: 1,
    filesRemoved: 1,
  });
  await staging.store.delete([`tables/documents/_delta_log/${'0'.padStart(20, '0')}.json`]);
  expect(await part(2, 20)).toEqual([2, 1, false]);
});
