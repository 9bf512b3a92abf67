import { rm } from 'node:fs/promises';
import { UnrecoverableError } from 'bullmq';
import { expect } from 'vitest';
import { commitRun, emptyReport } from '@lance-offload/core';
import { COMMIT_QUEUE, commitJobId, PAGE_QUEUE, PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { cancelRun, resumeRun, retryRun, startRun } from '../../src/jobs/run-control.ts';
import { findRun, runStatus } from '../../src/jobs/run-status.ts';
import { publishRun } from '../../../core/src/commit/publish-run.ts';
import { totalsOf } from '../../../core/src/commit/staged-totals.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf, stagePage, stageRun } from '../../../core/test/lake-fixture.ts';
import { occurrences, planner, REQUEST, fleetTest, type Rig } from './fleet-fixture.ts';
import { pathsOf } from '../../../core/test/paths-of.ts';

const test = fleetTest(12);

/** A run whose plan is made and whose pages wait; nothing works on them. */
async function plannedRun({
  fleet,
  work,
}: Rig): Promise<{ runId: string; destination: string; table: string }> {
  const run = await startRun(REQUEST, fleet);
  const worker = work(PLAN_QUEUE, planner(fleet));
  await occurrences(worker, 'completed');
  return run;
}

/** Completes pages by staging them, but for those that are to fail. */
function pageWork({ fleet, work }: Rig, failing: ReadonlySet<number> = new Set()) {
  return work(PAGE_QUEUE, async (job) => {
    const { runId, page } = job.data as { runId: string; page: { index: number } };
    if (failing.has(page.index)) throw new UnrecoverableError('no');
    await stagePage(planOf({ runId }), page.index, fleet.staging);
  });
}

function commitWork({ fleet, work }: Rig) {
  return work(COMMIT_QUEUE, async (job) =>
    commitRun(job.data as { runId: string; destination: string }, fleet.staging),
  );
}

test('a failed page holds the commit back, and retrying the run completes it', async ({ rig }) => {
  const run = await plannedRun(rig);
  const failing = new Set([1]);
  const commit = commitWork(rig);
  const pages = pageWork(rig, failing);
  await Promise.all([occurrences(pages, 'completed', 2), occurrences(pages, 'failed')]);
  const blocked = await runStatus(run, rig.fleet);
  expect(blocked).toMatchObject({ state: 'blocked', pages: { total: 3, staged: 2, failed: 1, waiting: 0 } });
  expect(blocked.failures).toMatchObject([{ step: 'page', page: 1, message: 'no', attempts: 1 }]);
  failing.clear();
  const committed = occurrences(commit, 'completed');
  expect(await retryRun(run.runId, rig.fleet)).toMatchObject({ retried: 1, key: { runId: run.runId } });
  await committed;
  expect(await runStatus(run, rig.fleet)).toMatchObject({
    state: 'published',
    report: { lakeRows: 25, verified: true },
  });
});

test('retrying a run that has ended is refused', async ({ rig }) => {
  const run = await plannedRun(rig);
  await rig.fleet.staging.createReport(emptyReport(planOf({ runId: run.runId }), 'cancelled'));
  await expectRejection(retryRun(run.runId, rig.fleet), 'RUN_CLOSED', /is cancelled/);
});

test('a second run of a table is refused while one is open, with its id', async ({ rig }) => {
  const run = await plannedRun(rig);
  const error = await expectRejection(
    startRun(REQUEST, rig.fleet),
    'RUN_OPEN',
    /has an open run, documents-.* \(staging\)/,
  );
  expect(error.details).toEqual({ table: 'documents', runId: run.runId });
  const other = await startRun({ ...REQUEST, table: 'people', destination: 'people' }, rig.fleet);
  expect(other.adopted).toBe(false);
});

test('a run that is still being planned is taken up by the next producer', async ({ rig }) => {
  const run = await startRun(REQUEST, rig.fleet);
  expect(await startRun(REQUEST, rig.fleet)).toEqual({ ...run, adopted: true });
});

test('producers that start a run of one table at the same moment open one run', async ({ rig }) => {
  const fleets = await Promise.all(Array.from({ length: 4 }, () => rig.secondFleet()));
  const outcomes = await Promise.allSettled(fleets.map((fleet) => startRun(REQUEST, fleet)));
  const started = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(new Set(started.map(({ runId }) => runId)).size).toBe(1);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'RUN_OPEN' });
  expect(await rig.fleet.queues.commit.getJobCounts('waiting-children')).toEqual({ 'waiting-children': 1 });
});

test('a run whose producer died before it added the flow is taken up under its id', async ({ rig }) => {
  const { fleet } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  await (await fleet.queues.commit.getJob(commitJobId(runId)))?.remove({ removeChildren: true });
  expect(await startRun(REQUEST, fleet)).toMatchObject({ runId, adopted: true });
  expect(await (await fleet.queues.commit.getJob(commitJobId(runId)))?.getState()).toBe('waiting-children');
});

test('a run that another fleet has opened and not planned yet is refused, and can be cancelled', async ({
  rig,
}) => {
  const { fleet } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  await fleet.redis.flushdb(); // as far as this Redis knows, it is another fleet's
  await expectRejection(
    startRun(REQUEST, fleet),
    'RUN_OPEN',
    /\(interrupted\): it was started by another fleet.*--resume/,
  );
  await cancelRun(runId, fleet);
  expect(await runStatus({ runId, destination: 'documents', table: 'documents' }, fleet)).toMatchObject({
    state: 'cancelled',
  });
  expect(await startRun(REQUEST, fleet)).toMatchObject({ adopted: false });
});

test('a run that an earlier release has published, and died before its report, cannot be cancelled', async ({
  rig,
}) => {
  const { staging } = rig.fleet;
  const run = await plannedRun(rig);
  for (const index of [0, 1, 2]) await stagePage(planOf({ runId: run.runId }), index, staging);
  await commitRun(run, staging);
  const { keys } = staging;
  await staging.store.delete([
    keys.decision(run.destination, run.runId),
    keys.report(run.destination, run.runId),
  ]);
  await expectRejection(cancelRun(run.runId, rig.fleet), 'RUN_CLOSED', /is published/);
  expect(await staging.findReport(run)).toMatchObject({ state: 'published', verified: true });
});

test('a run whose plan failed does not stand in the way of the next', async ({ rig }) => {
  const { fleet, work } = rig;
  const first = await startRun(REQUEST, fleet);
  const worker = work(PLAN_QUEUE, async () => {
    throw new UnrecoverableError('no such table');
  });
  await occurrences(worker, 'failed');
  await worker.close();
  expect(await runStatus(first, fleet)).toMatchObject({
    state: 'failed',
    failures: [{ step: 'plan', message: 'no such table' }],
  });
  const second = await startRun(REQUEST, fleet);
  expect(second).toMatchObject({ adopted: false });
  expect(second.runId).not.toBe(first.runId);
  expect(await fleet.queues.commit.getJob(commitJobId(first.runId))).toBeUndefined();
});

test('once a run is published the next one may start, even where the lake was deleted since', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await plannedRun(rig);
  const commit = commitWork(rig);
  const committed = occurrences(commit, 'completed');
  pageWork(rig);
  await committed;
  await rm(pathsOf(fleet.staging).root, { recursive: true });
  const next = await startRun(REQUEST, fleet);
  expect(next).toMatchObject({ adopted: false });
  expect(next.runId).not.toBe(run.runId);
});

test('a run that Redis has lost is finished from the lake', async ({ rig }) => {
  const { fleet } = rig;
  const run = await plannedRun(rig);
  await stagePage(planOf({ runId: run.runId }), 0, fleet.staging);
  await fleet.redis.flushdb();
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'interrupted', pages: { total: 3, staged: 1 } });
  await expectRejection(startRun(REQUEST, fleet), 'RUN_OPEN', /run --resume documents-/);
  const commit = commitWork(rig);
  const committed = occurrences(commit, 'completed');
  pageWork(rig);
  expect(await resumeRun(run.runId, fleet)).toMatchObject({ runId: run.runId, adopted: true });
  await committed;
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'published', report: { lakeRows: 25 } });
});

test('resuming a run the queue still has changes nothing', async ({ rig }) => {
  const run = await plannedRun(rig);
  await resumeRun(run.runId, rig.fleet);
  expect(await rig.fleet.queues.page.getJobCountByTypes('waiting')).toBe(3);
  expect(await runStatus(run, rig.fleet)).toMatchObject({ state: 'staging' });
});

test('a cancelled run leaves no jobs, and the table is free for the next', async ({ rig }) => {
  const { fleet } = rig;
  const run = await plannedRun(rig);
  await stagePage(planOf({ runId: run.runId }), 0, fleet.staging);
  await cancelRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled' });
  expect(await fleet.queues.page.count()).toBe(0);
  expect(await fleet.queues.commit.getJob(commitJobId(run.runId))).toBeUndefined();
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is cancelled/);
  expect((await startRun(REQUEST, fleet)).runId).not.toBe(run.runId);
});

test('a run cancelled before it was planned is not taken up again', async ({ rig }) => {
  const run = await startRun(REQUEST, rig.fleet);
  await cancelRun(run.runId, rig.fleet);
  const next = await startRun(REQUEST, rig.fleet);
  expect(next.adopted).toBe(false);
  expect(next.runId).not.toBe(run.runId);
});

test('a run that is published all but for its report cannot be cancelled, and gets its report', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await plannedRun(rig);
  const plan = planOf({ runId: run.runId });
  const receipts = await stageRun(plan, fleet.staging);
  const totals = totalsOf(receipts, { rows: 25, distinctRowIds: 25 });
  await publishRun({ plan, receipts, totals }, fleet.staging);
  await expectRejection(cancelRun(run.runId, fleet), 'RUN_CLOSED', /is published; it cannot be cancelled/);
  expect(await fleet.staging.findReport(run)).toMatchObject({
    state: 'published',
    lakeRows: 25,
    verified: true,
  });
});

test('a run that was cancelled before it was planned is found once its table has another one', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  await cancelRun(run.runId, fleet);
  await startRun(REQUEST, fleet);
  expect(await findRun(run.runId, fleet)).toEqual({
    runId: run.runId,
    destination: 'documents',
    table: 'documents',
  });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled' });
});

test('a run is found in the queue or in the lake, and nothing else is a run', async ({ rig }) => {
  const run = await plannedRun(rig);
  expect(await findRun(run.runId, rig.fleet)).toEqual({
    runId: run.runId,
    destination: 'documents',
    table: 'documents',
  });
  await rig.fleet.redis.flushdb();
  expect(await findRun(run.runId, rig.fleet)).toMatchObject({ destination: 'documents' });
  for (const id of ['../../etc', 'documents-20261122T101500Z-ffff'])
    await expectRejection(findRun(id, rig.fleet), 'RUN_NOT_FOUND');
});
