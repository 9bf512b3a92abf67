import { Worker, type Job } from 'bullmq';
import { expect, inject } from 'vitest';
import { commitRun, type CommitStep, type RunReport, type RunPlan } from '@lance-offload/core';
import { readLog } from '@lance-offload/delta';
import { COMMIT_QUEUE, commitJobId, PAGE_QUEUE, PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { cancelRun, startRun } from '../../src/jobs/run-control.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf, stageRun } from '../../../core/test/lake-fixture.ts';
import { lakeQuery } from '../../../core/test/merge/typed-table.ts';
import { fleetTest, occurrences, planner, REQUEST, type Rig } from './fleet-fixture.ts';

const DATABASE = 2;
const test = fleetTest(DATABASE);

/** A run whose pages are staged, and whose commit a worker has taken that will never renew its lock. */
async function takenCommit({ fleet, work }: Rig): Promise<{ plan: RunPlan; lost: () => Promise<void> }> {
  const { runId } = await startRun(REQUEST, fleet);
  const plan = planOf({ runId });
  await occurrences(work(PLAN_QUEUE, planner(fleet)), 'completed');
  await stageRun(plan, fleet.staging);
  await occurrences(
    work(PAGE_QUEUE, async () => undefined),
    'completed',
    3,
  );
  const connection = { url: `${inject('redisUrl')}/${DATABASE}`, maxRetriesPerRequest: null };
  const options = { connection, prefix: fleet.prefix, autorun: false };
  const taker = new Worker(COMMIT_QUEUE, undefined, { ...options, lockDuration: 500 });
  const checker = new Worker(COMMIT_QUEUE, undefined, { ...options, stalledInterval: 100 });
  let job: Job | undefined;
  while (!job) job = await taker.getNextJob('its token');
  const lost = async () => {
    const stalled = new Promise((resolve) => checker.on('stalled', resolve));
    await checker.startStalledCheckTimer();
    await stalled;
    await Promise.all([taker.close(), checker.close()]);
  };
  return { plan, lost };
}

/** Commits a run; does something else once a step is done. */
function commitUntil(
  step: CommitStep,
  plan: RunPlan,
  { fleet }: Rig,
  work: () => Promise<unknown>,
): Promise<RunReport> {
  return commitRun(plan, fleet.staging, async (done) => {
    if (done === step) await work();
  });
}

for (const step of ['audited', 'merged', 'vectors written'] as const)
  test(`a commit that loses its job once it is "${step}", and whose run is cancelled then, publishes nothing`, async ({
    rig,
  }) => {
    const { fleet } = rig;
    const { plan, lost } = await takenCommit(rig);
    const report = await commitUntil(step, plan, rig, async () => {
      await lost();
      expect(await (await fleet.queues.commit.getJob(commitJobId(plan.runId)))?.getState()).toBe('waiting');
      await cancelRun(plan.runId, fleet);
    });
    expect(report.state).toBe('cancelled');
    expect(await readLog(fleet.staging.table('documents'))).toEqual([]);
    const next = planOf({ runId: 'documents-20261125T101500Z-7f3a', sourceVersion: 4 });
    await stageRun(next, fleet.staging);
    expect(await commitRun(next, fleet.staging)).toMatchObject({ state: 'published', verified: true });
    expect(await lakeQuery(fleet.staging, 'SELECT count(*), count(DISTINCT id) FROM documents')).toEqual([
      [25, 25],
    ]);
  });

test('a run whose commit has decided to publish it cannot be cancelled any more, and is published', async ({
  rig,
}) => {
  const { fleet } = rig;
  const { plan, lost } = await takenCommit(rig);
  const report = await commitUntil('decided', plan, rig, async () => {
    await lost();
    await expectRejection(cancelRun(plan.runId, fleet), 'RUN_OPEN', /is committing; it cannot be cancelled/);
  });
  expect(report).toMatchObject({ state: 'published', verified: true });
  expect(await lakeQuery(fleet.staging, 'SELECT count(*), count(DISTINCT id) FROM documents')).toEqual([
    [25, 25],
  ]);
  await expectRejection(cancelRun(plan.runId, fleet), 'RUN_CLOSED', /is published/);
});
