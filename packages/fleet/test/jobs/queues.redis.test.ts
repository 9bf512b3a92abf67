import { expect } from 'vitest';
import { PAYLOAD_VERSION } from '@lance-offload/core';
import { COMMIT_QUEUE, commitJobId, PAGE_QUEUE, pageJobId, PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { startRun } from '../../src/jobs/run-control.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { occurrences, pagesOf, planner, REQUEST, fleetTest } from './fleet-fixture.ts';

const test = fleetTest(11);

test('the commit of a run runs once, after its plan and every page', async ({ rig }) => {
  const { fleet, work } = rig;
  const order: string[] = [];
  await startRun(REQUEST, fleet);
  const commit = work(COMMIT_QUEUE, async () => order.push('commit'));
  const committed = occurrences(commit, 'completed');
  work(PAGE_QUEUE, async (job) => order.push(`page ${job.data.page.index}`));
  work(PLAN_QUEUE, async (job) => {
    await planner(fleet)(job);
    order.push('plan');
  });
  await committed;
  expect(order.toSorted()).toEqual(['commit', 'page 0', 'page 1', 'page 2', 'plan']);
  expect(order.at(-1)).toBe('commit');
});

test('adding the pages of a run again adds nothing, whatever has become of them', async ({ rig }) => {
  const { fleet, work } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  const pages = pagesOf(planOf({ runId }));
  await fleet.queues.addPages(pages.slice(0, 2), fleet.attempts);
  await fleet.queues.addPages(pages, fleet.attempts);
  expect(await fleet.queues.page.getJobCountByTypes('waiting')).toBe(3);
  const worker = work(PAGE_QUEUE, async () => undefined);
  await occurrences(worker, 'completed', 3);
  await fleet.queues.addPages(pages, fleet.attempts);
  expect(await fleet.queues.page.getJobCounts('waiting', 'active', 'completed', 'failed')).toEqual({
    waiting: 0,
    active: 0,
    completed: 3,
    failed: 0,
  });
});

test('adding no pages is allowed', async ({ rig }) => {
  await rig.fleet.queues.addPages([], rig.fleet.attempts);
  expect(await rig.fleet.queues.page.count()).toBe(0);
});

test('pages of a run whose commit is gone from the queue are refused, all of them', async ({ rig }) => {
  const { fleet } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  await (await fleet.queues.commit.getJob(commitJobId(runId)))?.remove({ removeChildren: true });
  await expect(fleet.queues.addPages(pagesOf(planOf({ runId })), fleet.attempts)).rejects.toThrow(
    /^3 of 3 pages of .* could not be enqueued/,
  );
});

test('a run’s jobs are named for it, and pages are kept when they fail', async ({ rig }) => {
  const { fleet } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  await fleet.queues.addPages(pagesOf(planOf({ runId })), { maxRetries: 5, initialDelayMs: 250 });
  const page = await fleet.queues.page.getJob(pageJobId(runId, 1));
  expect(page?.data).toEqual({
    payloadVersion: PAYLOAD_VERSION,
    runId,
    table: 'documents',
    destination: 'documents',
    page: { index: 1, offset: 10, limit: 10, scan: 'rows', repair: false },
  });
  expect(page?.opts).toMatchObject({
    attempts: 6,
    backoff: { type: 'exponential', delay: 250, jitter: 0.5 },
  });
  expect(page?.opts.removeOnFail).toBeUndefined();
  expect(await (await fleet.queues.commit.getJob(commitJobId(runId)))?.getState()).toBe('waiting-children');
});
