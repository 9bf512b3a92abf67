import { UnrecoverableError, type Job } from 'bullmq';
import { expect, vi } from 'vitest';
import { emptyReport } from '@lance-offload/core';
import { Parking, releaseParked, runField } from '../../src/jobs/parking.ts';
import type { PageJob } from '../../src/jobs/payloads.ts';
import { pause, readPauses, resume } from '../../src/jobs/pauses.ts';
import { commitJobId, PAGE_QUEUE, pageJobId, PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { cancelRun, resumeRun, startRun } from '../../src/jobs/run-control.ts';
import { runStatus } from '../../src/jobs/run-status.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { sized } from '../../../base/test/soak.ts';
import { fleetTest, occurrences, pagesOf, planner, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(4);

const BY = 'test';

/** A run of a table whose pages wait. */
async function enqueuedRun({ fleet, work }: Rig, table: string, pages = 3) {
  const run = await startRun({ ...REQUEST, table, destination: table }, fleet);
  const plan = planOf({ runId: run.runId, table, destination: table, sourceRows: pages * 10 });
  const worker = work(PLAN_QUEUE, async () => {
    await fleet.staging.createPlan(plan);
    await fleet.queues.addPages(pagesOf(plan), fleet.attempts);
  });
  await occurrences(worker, 'completed');
  await worker.close();
  return run;
}

/** A worker that notes the pages it does, and parks those that are paused. */
function pageWork({ fleet, work }: Rig, act: (job: Job<PageJob>) => unknown = () => undefined) {
  const parking = new Parking(fleet);
  const done: string[] = [];
  const worker = work(PAGE_QUEUE, async (job: Job<PageJob>, token) => {
    await parking.check(job, token);
    await act(job);
    done.push(job.data.table);
  });
  return { worker, done };
}

const delayed = ({ fleet }: Rig) => fleet.queues.page.getDelayedCount();
const settled = (rig: Rig, parked: number) =>
  vi.waitUntil(
    async () =>
      (await delayed(rig)) === parked &&
      (await rig.fleet.queues.page.getJobCountByTypes('waiting', 'active')) === 0,
    { timeout: 30_000, interval: 20 },
  );

const pagesDone = ({ fleet }: Rig, count: number) =>
  vi.waitUntil(async () => (await fleet.queues.page.getCompletedCount()) === count, {
    timeout: 30_000,
    interval: 20,
  });

test('of two runs the paused one does not go on, and the other does', async ({ rig }) => {
  const { fleet } = rig;
  const paused = await enqueuedRun(rig, 'documents');
  await enqueuedRun(rig, 'people');
  await pause(fleet, { runId: paused.runId }, BY);
  const { done } = pageWork(rig);
  await settled(rig, 3);
  expect(done).toEqual(['people', 'people', 'people']);
  expect(await runStatus(paused, fleet)).toMatchObject({ state: 'staging', paused: 'run' });

  expect(await resume(fleet, { runId: paused.runId })).toEqual({ wasPaused: true, released: 3 });
  await pagesDone(rig, 6);
  expect(done.filter((table) => table === 'documents')).toHaveLength(3);
  expect(await runStatus(paused, fleet)).not.toHaveProperty('paused');
  expect(await resume(fleet, { runId: paused.runId })).toEqual({ wasPaused: false, released: 0 });
});

test('a paused table holds back every run of it, those that are started later too', async ({ rig }) => {
  const { fleet } = rig;
  await pause(fleet, { table: 'documents' }, BY);
  const run = await enqueuedRun(rig, 'documents'); // its planner here knows no pauses
  const { done } = pageWork(rig);
  await settled(rig, 3);
  expect(done).toEqual([]);
  expect(await runStatus(run, fleet)).toMatchObject({ paused: 'table' });
  expect(await resume(fleet, { table: 'documents' })).toEqual({ wasPaused: true, released: 3 });
  await pagesDone(rig, 3);
});

test('what is paused twice goes on when both are resumed, whichever came first', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  const [table, own] = [{ table: 'documents' }, { runId: run.runId }];
  for (const [first, second] of [
    [table, own],
    [own, table],
  ] as const) {
    await pause(fleet, first, BY);
    await pause(fleet, second, BY);
    const { worker, done } = pageWork(rig);
    await settled(rig, 3);
    expect(await resume(fleet, first)).toEqual({ wasPaused: true, released: 0 });
    expect(await delayed(rig)).toBe(3);
    await worker.close();
    expect(await resume(fleet, second)).toEqual({ wasPaused: true, released: 3 });
    expect(done).toEqual([]);
  }
});

test('a paused fleet begins nothing, and says so of its runs; resumed, it goes on', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  await pause(fleet, 'fleet', BY);
  expect(await readPauses(fleet)).toEqual({ fleet: true, tables: [], runs: [] });
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'staging', paused: 'fleet' });
  for (const queue of [fleet.queues.plan, fleet.queues.page, fleet.queues.commit, fleet.queues.schedule])
    expect(await queue.isPaused()).toBe(true);
  const { worker, done } = pageWork(rig);
  await worker.waitUntilReady();
  expect(done).toEqual([]);
  expect(await resume(fleet, 'fleet')).toMatchObject({ wasPaused: true });
  await pagesDone(rig, 3);
  expect(await readPauses(fleet)).toEqual({ fleet: false, tables: [], runs: [] });
});

test('parking uses up no attempt and counts as no start, and those behind a failed attempt are kept', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  const plan = planOf({ runId: run.runId, sourceRows: 5 });
  await fleet.queues.addPages(pagesOf(plan), { maxRetries: 2, initialDelayMs: 1 });
  let failures = 1;
  const first = rig.work(PAGE_QUEUE, async () => {
    if (failures-- > 0) {
      await pause(fleet, { runId: run.runId }, BY);
      throw new Error('once');
    }
  });
  await occurrences(first, 'failed');
  await first.close();
  const page = () => fleet.queues.page.getJob(pageJobId(run.runId, 0));
  const before = await page();
  expect([before?.attemptsMade, before?.attemptsStarted]).toEqual([1, 1]);

  for (const _ of [1, 2]) {
    const { worker } = pageWork(rig);
    await expect.poll(async () => (await page())?.delay).toBeGreaterThan(3_000_000);
    const parked = await page();
    expect([parked?.attemptsMade, parked?.attemptsStarted, parked?.stalledCounter]).toEqual([1, 1, 0]);
    await worker.close();
    await parked?.promote(); // as the hour being over does
  }
  await resume(fleet, { runId: run.runId });
  const last = pageWork(rig, () => {
    throw new Error('again');
  });
  await occurrences(last.worker, 'failed', 2);
  expect((await page())?.attemptsMade).toBe(3);
  expect(await (await page())?.getState()).toBe('failed');
});

test('a resume that was killed halfway is finished by the next one', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents', 5);
  await pause(fleet, { runId: run.runId }, BY);
  const { worker } = pageWork(rig);
  await settled(rig, 5);
  await worker.close();
  // The pause is gone, two pages are back in the queue, and one of these is still noted as parked.
  await fleet.redis.hdel(`${fleet.prefix}:pauses`, runField(run.runId));
  for (const index of [0, 1]) await (await fleet.queues.page.getJob(pageJobId(run.runId, index)))?.promote();
  await fleet.redis.srem(
    `${fleet.prefix}:parked:${runField(run.runId)}`,
    `${PAGE_QUEUE}/${pageJobId(run.runId, 0)}`,
  );
  expect(await resume(fleet, { runId: run.runId })).toEqual({ wasPaused: false, released: 3 });
  expect(await delayed(rig)).toBe(0);
  expect(await fleet.queues.page.getWaitingCount()).toBe(5);
});

test('a page that is taken by a worker that has not heard of the resume goes on as well', async ({ rig }) => {
  const { fleet } = rig;
  await pause(fleet, { table: 'documents' }, BY);
  const parking = new Parking(fleet);
  const other = await enqueuedRun(rig, 'documents', 1);
  let checked = 0;
  rig.work(PAGE_QUEUE, async (job: Job<PageJob>, token) => {
    checked += 1;
    await parking.check(job, token);
  });
  await settled(rig, 1);
  expect(await resume(fleet, { table: 'documents' })).toMatchObject({ released: 1 });
  await pagesDone(rig, 1);
  expect(checked).toBeGreaterThanOrEqual(2);
  expect(await (await fleet.queues.page.getJob(pageJobId(other.runId, 0)))?.getState()).toBe('completed');
});

test('releasing ends where the same is paused again', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  await pause(fleet, { runId: run.runId }, BY);
  pageWork(rig);
  await settled(rig, 3);
  expect(await releaseParked(runField(run.runId), fleet)).toBe(0);
  expect(await delayed(rig)).toBe(3);
});

/** More than are resumed in one call, several times over. */
const MANY = sized(1200, 5000);

test(`${MANY} pages of a paused run are parked once each and keep no other table waiting; resumed, all are done`, async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents', MANY);
  await enqueuedRun(rig, 'people', 5);
  await pause(fleet, { runId: run.runId }, BY);
  const parking = new Parking(fleet);
  const tables: string[] = [];
  let taken = 0;
  const worker = rig.work(PAGE_QUEUE, async (job: Job<PageJob>, token) => {
    taken += 1;
    await parking.check(job, token);
    tables.push(job.data.table);
  });
  worker.concurrency = 10;
  await settled(rig, MANY);
  expect(tables).toEqual(Array.from({ length: 5 }, () => 'people'));
  expect(taken).toBe(MANY + 5);
  expect(await resume(fleet, { runId: run.runId })).toEqual({ wasPaused: true, released: MANY });
  await pagesDone(rig, MANY + 5);
  expect(await fleet.redis.keys(`${fleet.prefix}:parked:*`)).toEqual([]);
});

test('workers read the pauses once a second, however many pages they take', async ({ rig }) => {
  const { fleet, secondFleet } = rig;
  const own = await secondFleet();
  const reads = vi.spyOn(own.redis, 'hkeys');
  const parking = new Parking(own);
  await enqueuedRun(rig, 'documents', 200);
  rig.work(PAGE_QUEUE, (job: Job<PageJob>, token) => parking.check(job, token));
  const started = performance.now();
  await pagesDone(rig, 200);
  expect(reads.mock.calls.length).toBeLessThanOrEqual(1 + (performance.now() - started) / 1000);
  expect(await fleet.queues.page.getCompletedCount()).toBe(200);
});

test('the plan of a paused table is parked, and made when the table is resumed', async ({ rig }) => {
  const { fleet } = rig;
  await pause(fleet, { table: 'documents' }, BY);
  const run = await startRun(REQUEST, fleet);
  const parking = new Parking(fleet);
  const plan = planner(fleet);
  const worker = rig.work(PLAN_QUEUE, async (job, token) => {
    await parking.check(job, token);
    await plan(job);
  });
  await expect.poll(() => fleet.queues.plan.getDelayedCount()).toBe(1);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'planning', paused: 'table' });
  const planned = occurrences(worker, 'completed');
  await resume(fleet, { table: 'documents' });
  await planned;
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'staging' });
});

test('a paused run can be cancelled, its pause ends with it, and nothing of it is left parked', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  await pause(fleet, { runId: run.runId }, BY);
  pageWork(rig);
  await settled(rig, 3);
  await cancelRun(run.runId, fleet);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'cancelled' });
  expect(await delayed(rig)).toBe(0);
  expect(await fleet.queues.commit.getJob(commitJobId(run.runId))).toBeUndefined();
  expect(await fleet.redis.keys(`${fleet.prefix}:pa*`)).toEqual([]);
});

test('a run cancelled while a worker has a page of it is let run out', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  const held = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const holding = rig.work(PAGE_QUEUE, async () => {
    begun.resolve();
    await held.promise;
  });
  await begun.promise;
  await pause(fleet, { runId: run.runId }, BY);
  pageWork(rig);
  await expect.poll(() => delayed(rig)).toBe(2);
  await cancelRun(run.runId, fleet);
  held.resolve();
  await pagesDone(rig, 3);
  await holding.close();
});

test('pauses are listed with who made them, without that of a run that has ended; listing changes nothing', async ({
  rig,
}) => {
  const { fleet } = rig;
  const [ended, open] = [await enqueuedRun(rig, 'documents'), await enqueuedRun(rig, 'people')];
  const startedMs = Date.now();
  await pause(fleet, { table: 'a: table/with signs' }, 'ann@host');
  await pause(fleet, { runId: ended.runId }, BY);
  await pause(fleet, { runId: open.runId }, BY);
  await fleet.staging.createReport(
    emptyReport(planOf({ runId: ended.runId, destination: 'documents' }), 'cancelled'),
  );
  const pauses = await readPauses(fleet);
  expect(pauses).toEqual({
    fleet: false,
    tables: [{ table: 'a: table/with signs', by: 'ann@host', atMs: expect.any(Number) }],
    runs: [{ runId: open.runId, by: BY, atMs: expect.any(Number) }],
  });
  expect(pauses.tables[0]?.atMs).toBeGreaterThanOrEqual(startedMs);
  expect(await fleet.redis.hlen(`${fleet.prefix}:pauses`)).toBe(3);
  expect(await resume(fleet, { runId: ended.runId })).toMatchObject({ wasPaused: true });
  expect(await fleet.redis.hlen(`${fleet.prefix}:pauses`)).toBe(2);
});

test('a run that ends while it is being paused keeps no pause', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  const report = emptyReport(planOf({ runId: run.runId, destination: 'documents' }), 'cancelled');
  // The run ends after the first look at its report.
  const look = vi.spyOn(fleet.staging, 'findReport').mockImplementationOnce(async () => {
    await fleet.staging.createReport(report);
    return undefined;
  });
  await expectRejection(pause(fleet, { runId: run.runId }, BY), 'RUN_CLOSED', /is cancelled/);
  expect(look).toHaveBeenCalledTimes(2);
  expect(await fleet.redis.keys(`${fleet.prefix}:pa*`)).toEqual([]);
});

test('a run that has ended, or that there is not, cannot be paused', async ({ rig }) => {
  const run = await enqueuedRun(rig, 'documents');
  await rig.fleet.staging.createReport(emptyReport(planOf({ runId: run.runId }), 'cancelled'));
  await expectRejection(pause(rig.fleet, { runId: run.runId }, BY), 'RUN_CLOSED', /is cancelled/);
  await expectRejection(pause(rig.fleet, { runId: 'documents-20261122T101500Z-ffff' }, BY), 'RUN_NOT_FOUND');
});

test('after Redis has lost a paused run, resuming it and taking it up from the lake both work', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents');
  await pause(fleet, { runId: run.runId }, BY);
  await fleet.redis.flushdb();
  expect(await resume(fleet, { runId: run.runId })).toEqual({ wasPaused: false, released: 0 });
  await resumeRun(run.runId, fleet);
  const plan = rig.work(PLAN_QUEUE, planner(fleet));
  await occurrences(plan, 'completed');
  pageWork(rig);
  await pagesDone(rig, 3);
});

test('a failed page of a paused run stays failed', async ({ rig }) => {
  const { fleet } = rig;
  const run = await enqueuedRun(rig, 'documents', 1);
  const worker = rig.work(PAGE_QUEUE, () => {
    throw new UnrecoverableError('no');
  });
  await occurrences(worker, 'failed');
  await pause(fleet, { runId: run.runId }, BY);
  expect(await runStatus(run, fleet)).toMatchObject({ state: 'blocked' });
  expect(await runStatus(run, fleet)).not.toHaveProperty('paused');
});
