import path from 'node:path';
import { expect, vi } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { readSnapshot } from '@lance-offload/delta';
import { collectGarbage } from '../../src/lake/housekeeping.ts';
import { readHistory } from '../../src/lake/read-history.ts';
import { newestRuns, runsSince } from '../../src/lake/recent-runs.ts';
import { openLake, Staging } from '../../src/stage/staging.ts';
import { tableState } from '../../src/lake/table-state.ts';
import { standsOn } from '../../src/plan/stands-on.ts';
import type { Store } from '@lance-offload/delta';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';
import { pastRuns, runIdOf, stageNumber } from './past-runs.ts';

vi.setConfig({ testTimeout: 120_000 });

// What must not grow with the runs there were, and with the tables beside one, is counted: what a store is asked for, which is time and
// money on any of them. A lake has a checkpoint where its past ends.

const FEW = 110;
const MANY = 230;

interface Asked {
  readonly operations: number;
  /** Objects and folders that listings named. */
  readonly listed: number;
  readonly lookedAt: readonly string[];
}

/** Does something with a lake by a process that knows nothing of it, and counts what its store is asked for. */
async function asked(staging: Staging, work: (counted: Staging) => Promise<unknown>): Promise<Asked> {
  const lookedAt: string[] = [];
  let listed = 0;
  const tapped = tapStore(staging.store, ({ name, key }) => lookedAt.push(`${name} ${key}`));
  const counting = <T>(list: (...rest: Parameters<Store['list']>) => AsyncIterable<T>) =>
    async function* counted(...rest: Parameters<Store['list']>): AsyncGenerator<T> {
      for await (const item of list(...rest)) {
        listed += 1;
        yield item;
      }
    };
  await work(
    new Staging({
      ...tapped,
      list: counting((...rest) => tapped.list(...rest)),
      listFolders: counting((...rest) => tapped.listFolders(...rest)),
    }),
  );
  return { operations: lookedAt.length, listed, lookedAt };
}

const counts = ({ operations, listed }: Asked) => ({ operations, listed });

const standing = async (staging: Staging) => {
  const snapshot = await readSnapshot(staging.table('documents'));
  const lake = { state: tableState(snapshot), deltaVersion: snapshot?.version ?? null };
  return standsOn('documents', lake, staging);
};

/** What reads a lake, and asks the same of it however many runs there were. */
const READS: Readonly<Record<string, (staging: Staging) => Promise<unknown>>> = {
  'the open run': (staging) => staging.findOpenRun('documents'),
  'the newest runs, for status': (staging) => newestRuns(staging, 20),
  'the runs of the last day, for the dashboard': (staging) =>
    runsSince('documents', { limit: 100, sinceMs: Date.now() - 1000 * 86_400 }, staging),
  'the state of a table, for status, plan and query': (staging) => readSnapshot(staging.table('documents')),
  'what a run without changes stands on, for plan': standing,
  'the newest commits, for history': async (staging) => {
    const table = staging.table('documents');
    return readHistory(table, (await readSnapshot(table))?.version ?? 0, 20);
  },
  'what is to be collected': (staging) => collectGarbage('documents', staging, { always: true }),
};

/** What a commit of the next run asks its store for. */
async function askedByCommit(staging: Staging, number: number): Promise<Asked> {
  const plan = await stageNumber(staging, number);
  return asked(staging, (counted) => commitRun(plan, counted));
}

const lakeBeside = (staging: Staging, name: string): Staging =>
  openLake(path.join(path.dirname(pathsOf(staging).root), name));

test('a lake is asked for as much after many runs as after few, by all that read it and by a commit', async ({
  staging,
}) => {
  const found: Record<string, unknown>[] = [];
  for (const runs of [FEW, MANY]) {
    const lake = lakeBeside(staging, `${runs}-runs`);
    await pastRuns(lake, runs);
    await collectGarbage('documents', lake, { always: true });
    const all: Record<string, unknown> = {};
    for (const [what, read] of Object.entries(READS)) all[what] = counts(await asked(lake, read));
    all['a commit'] = counts(await askedByCommit(lake, runs + 1));
    found.push(all);
  }
  expect(found[1]).toEqual(found[0]);
});

test('a commit asks for as much in a lake of many tables as in one of its table alone, and for nothing of the others', async ({
  staging,
}) => {
  const lake = lakeBeside(staging, 'one-table');
  await pastRuns(lake, 2);
  const alone = await askedByCommit(lake, 3);
  for (let other = 0; other < 5; other++) await pastRuns(staging, 2, `other-${other}`);
  await pastRuns(staging, 2);
  const among = await askedByCommit(staging, 3);
  expect(among.operations).toBe(alone.operations);
  expect(among.lookedAt.filter((operation) => operation.includes('tables/other-'))).toEqual([]);
});

test('the open run of a lake whose runs have no openings is looked for by their reports alone', async ({
  staging,
}) => {
  await pastRuns(staging, 30);
  await staging.store.delete(
    Array.from({ length: 30 }, (_, index) => staging.keys.opening('documents', index + 1)),
  );
  const { lookedAt } = await asked(staging, (counted) => counted.findOpenRun('documents'));
  expect(lookedAt.filter((operation) => operation.startsWith('get '))).toEqual([]);
  const runs = await newestRuns(staging, 20);
  expect(runs.map(({ runId }) => runId)).toEqual(
    Array.from({ length: 20 }, (_, index) => runIdOf(30 - index)),
  );
});
