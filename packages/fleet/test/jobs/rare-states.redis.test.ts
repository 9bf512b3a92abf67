import { UnrecoverableError } from 'bullmq';
import { expect } from 'vitest';
import { commitRun, emptyReport, Staging, fenceRun } from '@lance-offload/core';
import { readLog, readSnapshot } from '@lance-offload/delta';
import type { FleetLink } from '../../src/jobs/fleet-link.ts';
import { COMMIT_QUEUE, commitJobId, PAGE_QUEUE, PLAN_QUEUE, planJobId } from '../../src/jobs/queues.ts';
import { retryFailures } from '../../src/jobs/retry.ts';
import { cancelRun, resumeRun, retryRun, startRun, type StartedRun } from '../../src/jobs/run-control.ts';
import type { Command } from '../../src/jobs/run-events.ts';
import { runStatus } from '../../src/jobs/run-status.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf, stagePage } from '../../../core/test/lake-fixture.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { fleetTest, occurrences, planner, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(15);

type CommitKey = { runId: string; destination: string };

/** Has the queues work until something of a run has come to its end, and then not any more. */
async function work(
  { fleet, work: begin }: Rig,
  { commit, last }: { commit: (key: CommitKey) => Promise<unknown>; last: 'completed' | 'failed' },
): Promise<void> {
  const commits = begin(COMMIT_QUEUE, (job) => commit(job.data as CommitKey));
  const others = [
    begin(PLAN_QUEUE, planner(fleet)),
    begin(PAGE_QUEUE, async (job) => {
      const { runId, page } = job.data as { runId: string; page: { index: number } };
      await stagePage(planOf({ runId }), page.index, fleet.staging);
    }),
  ];
  await occurrences(commits, last);
  await Promise.all([commits, ...others].map((worker) => worker.close()));
}

/** A run of which nothing is missing but what a commit does. */
async function publishedRun(rig: Rig): Promise<StartedRun> {
  const run = await startRun(REQUEST, rig.fleet);
  await work(rig, { commit: (key) => commitRun(key, rig.fleet.staging), last: 'completed' });
  return run;
}

/** A run whose commit dies at a step, and whose job has no attempt left. */
async function runThatDiedAt(step: string, rig: Rig): Promise<StartedRun> {
  const run = await startRun(REQUEST, rig.fleet);
  const commit = (key: CommitKey) =>
    commitRun(key, rig.fleet.staging, (done) => {
      if (done === step) throw new UnrecoverableError(`died: ${step}`);
    });
  await work(rig, { commit, last: 'failed' });
  return run;
}

const waysOf = async (run: StartedRun, { fleet }: Rig): Promise<string[]> =>
  (await runStatus(run, fleet)).waysOut.map(({ command }) => command);

/** How many versions the table has, and how many jobs of runs the queues have. */
const restOf = async ({ fleet }: Rig) => ({
  versions: (await readLog(fleet.staging.table('documents'))).length,
  commits: await fleet.queues.commit.getJobCountByTypes('waiting', 'waiting-children', 'failed', 'active'),
});

test('a run whose plan and report are written between two looks at the lake shows both', async ({ rig }) => {
  const { fleet } = rig;
  const plan = planOf({ runId: 'documents-20261122T101500Z-0001' });
  let looks = 0;
  const store = tapStore(fleet.staging.store, async ({ name, key }) => {
    if (name !== 'get' || !key.endsWith('report.json') || (looks += 1) > 1) return;
    await fleet.staging.createPlan(plan);
    await fleet.staging.createReport({ ...emptyReport(plan, 'unchanged'), lakeRows: 25 });
  });
  const status = await runStatus(plan, { ...fleet, staging: new Staging(store) });
  expect(status).toMatchObject({ state: 'unchanged', sourceVersion: plan.sourceVersion });
});

test('a run that is in the log without a report says so, and how to get out of there', async ({ rig }) => {
  const run = await runThatDiedAt('logged', rig);
  expect(await runStatus(run, rig.fleet)).toMatchObject({
    state: 'unreported',
    meaning: 'it is published; its report is not written yet',
    failures: [{ step: 'commit' }],
    waysOut: [
      { command: `lance-offload retry ${run.runId}`, does: 'writes its report' },
      { command: 'lance-offload run documents' },
    ],
  });
});

test('a run that is in the log without a report is finished by the next run of its table', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('logged', rig);
  const next = await startRun(REQUEST, fleet);
  expect(next).toMatchObject({ adopted: false });
  expect(next.runId).not.toBe(run.runId);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { verified: true } });
  expect(await restOf(rig)).toEqual({ versions: 1, commits: 1 });
});

test('a run that is in the log without a report is finished by a retry, in the queue and out of it', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('logged', rig);
  expect(await retryRun(run.runId, fleet)).toMatchObject({ finished: true, retried: 0 });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', waysOut: [], failures: [] });
  expect(await restOf(rig)).toEqual({ versions: 1, commits: 0 });
});

test('a run that is in the log without a report is finished by a resume after Redis was emptied', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('logged', rig);
  await fleet.redis.flushdb();
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'unreported' });
  await resumeRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { verified: true } });
  expect(await restOf(rig)).toEqual({ versions: 1, commits: 0 });
});

test('a run that is in the log without a report is finished by a cancel, which is refused', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('logged', rig);
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is published; it cannot be cancelled/);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published' });
  expect(await restOf(rig)).toEqual({ versions: 1, commits: 0 });
});

test('a run of a release that made no decisions, in the log without a report, is not cancelled either', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('logged', rig);
  await fleet.staging.store.delete([fleet.staging.keys.decision('documents', run.runId)]);
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is published/);
  expect(await fleet.staging.findDecision(run)).toBeUndefined();
});

test('a commit that is decided and has failed is fenced by a cancel, and an attempt that wakes up publishes nothing', async ({
  rig,
}) => {
  const { fleet } = rig;
  await publishedRun(rig);
  const run = await runThatDiedAt('decided', rig);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'failed', failures: [{ step: 'commit' }] });
  expect(await waysOf(run, rig)).toEqual([
    `lance-offload retry ${run.runId}`,
    `lance-offload cancel ${run.runId}`,
  ]);
  // An attempt of the same commit stands still between the decision and its entry, and wakes up once the run is cancelled.
  const cancelled = Promise.withResolvers<void>();
  const stands = Promise.withResolvers<void>();
  const zombie = commitRun(run, fleet.staging, async (step) => {
    if (step !== 'decided') return;
    stands.resolve();
    await cancelled.promise;
  });
  await stands.promise;
  await cancelRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled', waysOut: [] });
  cancelled.resolve();
  expect(await zombie).toMatchObject({ state: 'cancelled' });
  expect(await restOf(rig)).toEqual({ versions: 2, commits: 0 });
  const snapshot = await readSnapshot(fleet.staging.table('documents'));
  expect(snapshot?.files.filter(({ path }) => path.includes(run.runId))).toEqual([]);
});

test('a commit that is decided and has failed is refused a new run, and goes on by a retry', async ({
  rig,
}) => {
  const { fleet } = rig;
  await publishedRun(rig);
  const run = await runThatDiedAt('decided', rig);
  await expectRejection(startRun(REQUEST, fleet), 'RUN_OPEN', /\(failed\): .*`lance-offload retry .*cancel/);
  expect(await retryRun(run.runId, fleet)).toMatchObject({ finished: false, retried: 1 });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'committing' });
  await expectRejection(
    cancelRun(run.runId, fleet),
    'RUN_OPEN',
    /is committing; it cannot be cancelled: .*about to/,
  );
  await work(rig, { commit: (key) => commitRun(key, fleet.staging), last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published' });
});

test('a decided commit that is the first of its table cannot be fenced, and status does not say that it can', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await runThatDiedAt('decided', rig);
  expect(await waysOf(run, rig)).toEqual([`lance-offload retry ${run.runId}`]);
  await expectRejection(
    cancelRun(run.runId, fleet),
    'RUN_OPEN',
    /is failed; it cannot be cancelled: .*retry/,
  );
  await fleet.redis.flushdb();
  expect(await waysOf(run, rig)).toEqual([`lance-offload run --resume ${run.runId}`]);
  await expectRejection(
    retryRun(run.runId, fleet),
    'RUN_OPEN',
    /is interrupted; it cannot be retried: .*--resume/,
  );
  await resumeRun(run.runId, fleet);
  await work(rig, { commit: (key) => commitRun(key, fleet.staging), last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { lakeRows: 25 } });
});

test('a decided commit that the queue has lost is fenced by a cancel', async ({ rig }) => {
  const { fleet } = rig;
  await publishedRun(rig);
  const run = await runThatDiedAt('decided', rig);
  await fleet.redis.flushdb();
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'interrupted' });
  await cancelRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled' });
  expect(await startRun(REQUEST, fleet)).toMatchObject({ adopted: false });
});

const COMMANDS: Readonly<Record<Command, (runId: string, fleet: FleetLink) => Promise<unknown>>> = {
  run: (_, fleet) => startRun(REQUEST, fleet),
  retry: retryRun,
  resume: resumeRun,
  cancel: cancelRun,
};

for (const [name, command] of Object.entries(COMMANDS)) {
  test(`a fenced run without a report gets it by ${name}`, async ({ rig }) => {
    const { fleet } = rig;
    await publishedRun(rig);
    const run = await runThatDiedAt('decided', rig);
    expect(await fenceRun(run, fleet.staging)).toBe(true); // and the cancel is killed here
    expect(await runStatus(run, fleet)).toMatchObject({ state: 'unreported' });
    await command(run.runId, fleet);
    expect(await fleet.staging.findReport(run)).toMatchObject({ state: 'cancelled' });
    expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled', failures: [] });
  });
}

test('an unplanned run of another fleet is not taken up by a run, and is by a resume', async ({ rig }) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  await fleet.redis.flushdb(); // as far as this Redis knows, it is another fleet's
  expect(await waysOf(run, rig)).toEqual([
    `lance-offload run --resume ${run.runId}`,
    `lance-offload cancel ${run.runId}`,
  ]);
  await expectRejection(
    startRun(REQUEST, fleet),
    'RUN_OPEN',
    /\(interrupted\): it was started by another fleet/,
  );
  await expectRejection(retryRun(run.runId, fleet), 'RUN_OPEN', /it cannot be retried/);
  await resumeRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'planning' });
  await work(rig, { commit: (key) => commitRun(key, fleet.staging), last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published' });
});

test('an unplanned run of this fleet that the queue has lost is taken up by the next run, whatever is left of it', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  const plans = rig.work(PLAN_QUEUE, () => {
    throw new UnrecoverableError('no');
  });
  await occurrences(plans, 'failed');
  await plans.close();
  await fleet.queues.commit.remove(commitJobId(run.runId), { removeChildren: false });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'interrupted', failures: [{ step: 'plan' }] });
  expect(await waysOf(run, rig)).toContain('lance-offload run documents');
  expect(await startRun(REQUEST, fleet)).toMatchObject({ runId: run.runId, adopted: true });
  expect(await fleet.queues.plan.getJobState(planJobId(run.runId))).toBe('waiting');
  await work(rig, { commit: (key) => commitRun(key, fleet.staging), last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published' });
});

test('a cancel that was killed before it took the jobs out of the queue is finished by another one', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  const plans = rig.work(PLAN_QUEUE, planner(fleet));
  await occurrences(plans, 'completed');
  const pages = rig.work(PAGE_QUEUE, () => {
    throw new UnrecoverableError('no');
  });
  await occurrences(pages, 'failed', 3);
  await fleet.staging.decide(run, 'cancel');
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled', failures: [] });
  expect(await waysOf(run, rig)).toEqual([`lance-offload cancel ${run.runId}`]);
  expect(await retryFailures(fleet, {})).toMatchObject({
    retried: 0,
    ended: [{ state: 'cancelled', jobs: 3 }],
  });
  await cancelRun(run.runId, fleet);
  expect(await fleet.staging.findReport(run)).toMatchObject({ state: 'cancelled' });
  expect(await fleet.queues.page.getFailedCount()).toBe(0);
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is cancelled/);
});

test('a run whose report was lost with its commit done is interrupted, and is taken up', async ({ rig }) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  await work(rig, { commit: async () => 'as if it had been published', last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'interrupted' });
  await resumeRun(run.runId, fleet);
  await work(rig, { commit: (key) => commitRun(key, fleet.staging), last: 'completed' });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { verified: true } });
});

test('a run that has ended is refused what would change it, and its table begins a new one', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  const plan = planOf({ runId: run.runId });
  await fleet.staging.createPlan(plan);
  await fleet.staging.createReport(emptyReport(plan, 'unchanged'));
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'unchanged', waysOut: [] });
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is unchanged; it cannot be cancelled/);
  await expectRejection(retryRun(run.runId, fleet), 'RUN_CLOSED', /is unchanged; it cannot be retried/);
  expect(await resumeRun(run.runId, fleet)).toMatchObject({ runId: run.runId });
  expect((await startRun(REQUEST, fleet)).runId).not.toBe(run.runId);
});

test('a cancel that comes while a run finds that it has nothing to do does not say that it was cancelled', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  const plan = planOf({ runId: run.runId, unchanged: true });
  await fleet.staging.createPlan(plan);
  class Overtaken extends Staging {
    override async decide(...asked: Parameters<Staging['decide']>): ReturnType<Staging['decide']> {
      await this.createReport(emptyReport(plan, 'unchanged'));
      return super.decide(...asked);
    }
  }
  const staging = new Overtaken(fleet.staging.store);
  await expectRejection(cancelRun(run.runId, { ...fleet, staging }), 'RUN_CLOSED', /is unchanged/);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'unchanged' });
});

test('a report that is damaged is named with a way out, and is made anew', async ({ rig }) => {
  const { fleet } = rig;
  const run = await publishedRun(rig);
  const { keys, store } = fleet.staging;
  await store.put(keys.report('documents', run.runId), '{"formatVersion": 3,');
  await expectRejection(
    startRun(REQUEST, fleet),
    'LAKE_UNAVAILABLE',
    /report\.json is damaged: not JSON; .*may be removed/,
  );
  await store.delete([keys.report('documents', run.runId)]);
  expect(await startRun(REQUEST, fleet)).toMatchObject({ adopted: false });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { verified: true } });
});
