import { expect, vi } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { readSnapshot } from '@lance-offload/delta';
import { fenceRun } from '../../src/commit/publish-run.ts';
import { openLake, Staging } from '../../src/stage/staging.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { test } from '../lake-fixture.ts';
import { pastRuns, runIdOf, stageNumber } from './past-runs.ts';
import { pathsOf } from '../paths-of.ts';

vi.setConfig({ testTimeout: 120_000 });

const WEEK_MS = 7 * 86_400_000;
const PAST = 100;
const UNREPORTED = 50;

/** A lake whose checkpoint was written more than a week after the runs before it; one of them has no report. */
async function agedLake(staging: Staging): Promise<Staging> {
  await pastRuns(staging, PAST);
  await staging.store.delete([staging.keys.report('documents', runIdOf(UNREPORTED))]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + WEEK_MS + 60_000 });
  try {
    await commitRun(await stageNumber(staging, PAST + 1), staging);
  } finally {
    vi.useRealTimers();
  }
  return openLake(pathsOf(staging).root); // one that knows nothing but the checkpoint
}

const snapshotOf = (staging: Staging) => readSnapshot(staging.table('documents'));

test('a checkpoint leaves out old transactions of runs that have a report; those of others stay', async ({
  staging,
}) => {
  const later = await agedLake(staging);
  const transactions = (await snapshotOf(later))?.transactions.keys() ?? [];
  expect([...transactions]).toEqual(
    [UNREPORTED, PAST + 1].map((number) => `lance-offload/${runIdOf(number)}`),
  );
});

test('an attempt that wakes up after that finds its run ended, and publishes nothing', async ({
  staging,
}) => {
  const later = await agedLake(staging);
  const key = { destination: 'documents', runId: runIdOf(2) };
  let hidden = true; // when the attempt began, the run had no report
  const { store } = later;
  const late = new Staging({
    ...tapStore(store, () => undefined),
    async get(object, signal) {
      if (!object.endsWith(`${key.runId}/report.json`) || !hidden) return store.get(object, signal);
      hidden = false;
      return undefined;
    },
  });
  expect(await commitRun(key, late)).toMatchObject({ state: 'published', deltaVersion: 1, verified: true });
  expect(await fenceRun(key, later)).toBe(false);
  expect((await snapshotOf(later))?.version).toBe(PAST);
});
