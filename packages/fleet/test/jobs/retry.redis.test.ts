import { UnrecoverableError, type Job } from 'bullmq';
import { expect, vi } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { emptyReport } from '@lance-offload/core';
import { findFailures } from '../../src/jobs/failures.ts';
import type { PageJob } from '../../src/jobs/payloads.ts';
import { PAGE_QUEUE, pageJobId, PLAN_QUEUE, planJobId } from '../../src/jobs/queues.ts';
import { retryFailures } from '../../src/jobs/retry.ts';
import { startRun } from '../../src/jobs/run-control.ts';
import { runStatus } from '../../src/jobs/run-status.ts';
import { settleFailure } from '../../src/jobs/settle-failure.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { fleetTest, occurrences, pagesOf, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(5);

type Code = OffloadError['code'];

/** A run whose pages have failed, each with the code that is given for it. */
async function failedRun({ fleet, work }: Rig, table: string, codes: readonly Code[]) {
  const run = await startRun({ ...REQUEST, table, destination: table }, fleet);
  const plan = planOf({ runId: run.runId, table, destination: table, sourceRows: codes.length * 10 });
  const planner = work(PLAN_QUEUE, async () => {
    await fleet.staging.createPlan(plan);
    await fleet.queues.addPages(pagesOf(plan), fleet.attempts);
  });
  await occurrences(planner, 'completed');
  await planner.close();
  const worker = work(PAGE_QUEUE, async (job: Job<PageJob>) => {
    const code = codes[job.data.page.index] ?? 'INTERNAL';
    throw await settleFailure(new OffloadError(code, 'it went wrong'), job, fleet.queues.page);
  });
  worker.concurrency = 20;
  await occurrences(worker, 'failed', codes.length);
  await worker.close();
  return run;
}

const failed = async ({ fleet }: Rig) => (await findFailures(fleet, {})).map(({ jobId }) => jobId).toSorted();

test('failures are found by run, table, code, step and job', async ({ rig }) => {
  const { fleet } = rig;
  const documents = await failedRun(rig, 'documents', ['SOURCE_UNAVAILABLE', 'SOURCE_REJECTED']);
  const people = await failedRun(rig, 'people', ['SOURCE_UNAVAILABLE']);
  const ids = async (filter: Parameters<typeof findFailures>[1]) =>
    (await findFailures(fleet, filter)).map(({ jobId }) => jobId).toSorted();
  const [d0, d1, p0] = [
    pageJobId(documents.runId, 0),
    pageJobId(documents.runId, 1),
    pageJobId(people.runId, 0),
  ];
  expect(await ids({})).toEqual([d0, d1, p0]);
  expect(await ids({ runId: documents.runId })).toEqual([d0, d1]);
  expect(await ids({ table: 'people' })).toEqual([p0]);
  expect(await ids({ code: 'SOURCE_UNAVAILABLE' })).toEqual([d0, p0]);
  expect(await ids({ code: 'SOURCE_UNAVAILABLE', table: 'documents' })).toEqual([d0]);
  expect(await ids({ jobIds: [d1, 'no such job'] })).toEqual([d1]);
  expect(await ids({ step: 'plan' })).toEqual([]);
  expect(await findFailures(fleet, { jobIds: [d1] })).toEqual([
    {
      jobId: d1,
      step: 'page',
      runId: documents.runId,
      table: 'documents',
      destination: 'documents',
      page: 1,
      code: 'SOURCE_REJECTED',
      message: '[SOURCE_REJECTED] it went wrong',
      hint: expect.stringContaining('refused the request'),
      attempts: 1,
      atMs: expect.any(Number),
    },
  ]);
});

test('a retried job has fresh attempts, no failure and no stalls, and those that do not match stay failed', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await failedRun(rig, 'documents', ['SOURCE_UNAVAILABLE', 'SOURCE_REJECTED']);
  const id = pageJobId(run.runId, 0);
  await fleet.redis.hset(fleet.queues.page.toKey(id), 'stc', 7);
  const seen: string[] = [];
  const outcome = await retryFailures(
    fleet,
    { code: 'SOURCE_UNAVAILABLE' },
    { onRetried: ({ jobId }) => void seen.push(jobId) },
  );
  expect(outcome).toEqual({ retried: 1, gone: 0, ended: [] });
  expect(seen).toEqual([id]);
  const job = await fleet.queues.page.getJob(id);
  expect([job?.attemptsMade, job?.attemptsStarted, job?.stalledCounter, job?.progress]).toEqual([0, 0, 0, 0]);
  expect(await job?.getState()).toBe('waiting');
  expect(await failed(rig)).toEqual([pageJobId(run.runId, 1)]);
});

test('a retried page that fails at once keeps its new failure', async ({ rig }) => {
  const { fleet, work } = rig;
  const run = await failedRun(rig, 'documents', ['SOURCE_UNAVAILABLE']);
  const worker = work(PAGE_QUEUE, async (job) => {
    throw await settleFailure(new OffloadError('SOURCE_BAD_BODY', 'again'), job, fleet.queues.page);
  });
  const again = occurrences(worker, 'failed');
  await retryFailures(fleet, {});
  await again;
  expect(await findFailures(fleet, { runId: run.runId })).toMatchObject([
    { code: 'SOURCE_BAD_BODY', attempts: 1 },
  ]);
});

test('jobs that somebody else retries meanwhile are skipped, and each is retried once', async ({ rig }) => {
  const { fleet, secondFleet } = rig;
  const codes = Array.from({ length: 300 }, () => 'SOURCE_UNAVAILABLE' as const);
  await failedRun(rig, 'documents', codes);
  const both = await Promise.all([fleet, await secondFleet()].map((one) => retryFailures(one, {})));
  expect(both.reduce((sum, { retried }) => sum + retried, 0)).toBe(300);
  expect(await fleet.queues.page.getWaitingCount()).toBe(300);
  expect(await failed(rig)).toEqual([]);
});

test('stopped in the middle, what was not got to stays failed, and the next call goes on', async ({
  rig,
}) => {
  const { fleet } = rig;
  const codes = Array.from({ length: 10 }, () => 'SOURCE_UNAVAILABLE' as const);
  await failedRun(rig, 'documents', codes);
  const stop = new AbortController();
  let seen = 0;
  const outcome = await retryFailures(
    fleet,
    {},
    {
      perSecond: 2, // so that none goes while a busy machine looks elsewhere
      signal: stop.signal,
      onRetried: () => {
        seen += 1;
        if (seen === 3) stop.abort();
      },
    },
  );
  expect(outcome.retried).toBeGreaterThanOrEqual(3);
  expect(outcome.retried).toBeLessThan(10);
  expect((await failed(rig)).length).toBe(10 - outcome.retried);
  expect(await retryFailures(fleet, {})).toMatchObject({ retried: 10 - outcome.retried });
});

test('a number of retries a second is kept to', async ({ rig }) => {
  const codes = Array.from({ length: 21 }, () => 'SOURCE_UNAVAILABLE' as const);
  await failedRun(rig, 'documents', codes);
  const started = performance.now();
  expect(await retryFailures(rig.fleet, {}, { perSecond: 40 })).toMatchObject({ retried: 21 });
  expect(performance.now() - started).toBeGreaterThanOrEqual(20 * 25 - 5);
  await expectRejection(retryFailures(rig.fleet, {}, { perSecond: 0 }), 'CONFIG_INVALID', /above 0/);
});

test('jobs of runs that have ended are left alone, with the reason', async ({ rig }) => {
  const { fleet } = rig;
  const ended = await failedRun(rig, 'documents', ['SOURCE_UNAVAILABLE', 'SOURCE_UNAVAILABLE']);
  await failedRun(rig, 'people', ['SOURCE_UNAVAILABLE']);
  await fleet.staging.createReport(
    emptyReport(planOf({ runId: ended.runId, destination: 'documents' }), 'cancelled'),
  );
  expect(await retryFailures(fleet, {})).toEqual({
    retried: 1,
    gone: 0,
    ended: [{ runId: ended.runId, state: 'cancelled', jobs: 2 }],
  });
});

test('failed plans are retried like pages, and a job that BullMQ ended has its words', async ({ rig }) => {
  const { fleet, work } = rig;
  const run = await startRun(REQUEST, fleet);
  const worker = work(PLAN_QUEUE, () => {
    throw new UnrecoverableError('job stalled more than allowable limit');
  });
  await occurrences(worker, 'failed');
  await worker.close();
  expect(await findFailures(fleet, { step: 'plan' })).toMatchObject([
    { code: 'INTERNAL', message: 'job stalled more than allowable limit', jobId: planJobId(run.runId) },
  ]);
  expect(await retryFailures(fleet, { step: 'plan' })).toMatchObject({ retried: 1 });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'planning', failures: [] });
});

test('2,000 failures are read a few hundred at a time', async ({ rig }) => {
  const { fleet } = rig;
  await failedRun(
    rig,
    'documents',
    Array.from({ length: 2000 }, (_, index) => (index % 2 === 0 ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REJECTED')),
  );
  const pipelines = vi.spyOn(fleet.redis, 'pipeline');
  expect(await findFailures(fleet, { code: 'SOURCE_REJECTED' })).toHaveLength(1000);
  expect(pipelines).toHaveBeenCalledTimes(4);
  expect(await retryFailures(fleet, { code: 'SOURCE_REJECTED' })).toMatchObject({ retried: 1000 });
  expect(await failed(rig)).toHaveLength(1000);
});
