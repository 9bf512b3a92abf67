import { expect, vi } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { commitRun, Staging } from '@lance-offload/core';
import { readLog } from '@lance-offload/delta';
import { COMMIT_QUEUE, PAGE_QUEUE, PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { cancelRun, retryRun, startRun, type StartedRun } from '../../src/jobs/run-control.ts';
import { planOf, stagePage } from '../../../core/test/lake-fixture.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { fleetTest, occurrences, planner, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(31);

/** A run that is published, and whose report cannot be written until `mended`. */
async function unreported({
  fleet,
  work,
}: Rig): Promise<{ readonly run: StartedRun; readonly mended: () => void }> {
  let isBroken = true;
  const store = tapStore(fleet.staging.store, ({ name, key }) => {
    if (isBroken && name === 'putIfAbsent' && key.endsWith('report.json'))
      throw new OffloadError('LAKE_UNAVAILABLE', 'the disk is full');
  });
  work(PLAN_QUEUE, planner(fleet));
  work(PAGE_QUEUE, async ({ data }) => {
    const { runId, page } = data as { runId: string; page: { index: number } };
    await stagePage(planOf({ runId }), page.index, fleet.staging);
  });
  const commit = work(COMMIT_QUEUE, async ({ data }) => {
    await commitRun(data as { runId: string; destination: string }, new Staging(store));
  });
  const failed = occurrences(commit, 'failed');
  const run = await startRun(REQUEST, fleet);
  await failed;
  expect(await readLog(fleet.staging.table('documents'))).toHaveLength(1);
  expect(await fleet.staging.findReport(run)).toBeUndefined();
  return {
    run,
    mended: () => {
      isBroken = false;
    },
  };
}

const PUBLISHED = { state: 'published', verified: true, lakeRows: 25, deltaVersion: 0 };

test('a published run whose report could not be written is finished by the next run', async ({ rig }) => {
  const { run } = await unreported(rig);
  const next = await startRun(REQUEST, rig.fleet);
  expect(next).toMatchObject({ adopted: false });
  expect(next.runId).not.toBe(run.runId);
  expect(await rig.fleet.staging.findReport(run)).toMatchObject(PUBLISHED);
});

test('a published run whose report could not be written is finished by a retry', async ({ rig }) => {
  const { run, mended } = await unreported(rig);
  mended();
  await retryRun(run.runId, rig.fleet);
  await vi.waitFor(
    async () => expect(await rig.fleet.staging.findReport(run)).toMatchObject(PUBLISHED),
    30_000,
  );
  expect(await readLog(rig.fleet.staging.table('documents'))).toHaveLength(1);
});

test('a published run whose report could not be written is finished by a cancel, which comes too late', async ({
  rig,
}) => {
  const { run } = await unreported(rig);
  await expectRejection(cancelRun(run.runId, rig.fleet), 'RUN_CLOSED', /is published/);
  expect(await rig.fleet.staging.findReport(run)).toMatchObject(PUBLISHED);
});

test('a published run without a report that the queues have lost is finished by the next run', async ({
  rig,
}) => {
  const { run } = await unreported(rig);
  await rig.fleet.redis.flushdb();
  expect(await startRun(REQUEST, rig.fleet)).toMatchObject({ adopted: false });
  expect(await rig.fleet.staging.findReport(run)).toMatchObject(PUBLISHED);
});
