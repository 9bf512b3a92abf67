import { expect } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { failureSchema } from '../../src/jobs/payloads.ts';
import { PAGE_QUEUE, pageJobId } from '../../src/jobs/queues.ts';
import { startRun } from '../../src/jobs/run-control.ts';
import { settleFailure } from '../../src/jobs/settle-failure.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { occurrences, pagesOf, REQUEST, fleetTest, type Rig } from './fleet-fixture.ts';

const test = fleetTest(13);

/** One page that fails with each error in turn and then succeeds. Returns how often it was started. */
async function runPage(
  { fleet, work }: Rig,
  errors: OffloadError[],
  maxRetries: number,
): Promise<{ runId: string; starts: number }> {
  const { runId } = await startRun(REQUEST, fleet);
  await fleet.queues.addPages(pagesOf(planOf({ runId, sourceRows: 5 })), { maxRetries, initialDelayMs: 1 });
  let starts = 0;
  const worker = work(PAGE_QUEUE, async (job) => {
    starts += 1;
    const error = errors.shift();
    if (error) throw await settleFailure(error, job, fleet.queues.page);
  });
  await Promise.race([
    occurrences(worker, 'completed'),
    occurrences(worker, 'failed', maxRetries + 1),
    giveUp(errors, worker),
  ]);
  return { runId, starts };
}

/** A job that is given up fails once, whatever attempts it has left. */
function giveUp(errors: readonly OffloadError[], worker: Parameters<typeof occurrences>[0]): Promise<void> {
  return errors[0]?.policy.next === 'give-up' ? occurrences(worker, 'failed') : new Promise(() => undefined);
}

const error = (code: ConstructorParameters<typeof OffloadError>[0], details = {}) =>
  new OffloadError(code, 'it went wrong', details);

test('a failure that may pass is tried again, and uses up an attempt', async ({ rig }) => {
  const { runId, starts } = await runPage(rig, [error('SOURCE_UNAVAILABLE'), error('SOURCE_UNAVAILABLE')], 5);
  const job = await rig.fleet.queues.page.getJob(pageJobId(runId, 0));
  expect([starts, job?.attemptsMade, await job?.getState()]).toEqual([3, 3, 'completed']);
});

test('attempts that are used up leave the page failed, with what went wrong', async ({ rig }) => {
  const { runId, starts } = await runPage(
    rig,
    Array.from({ length: 9 }, () => error('SOURCE_BAD_BODY', { table: 'documents', page: 0 })),
    2,
  );
  const job = await rig.fleet.queues.page.getJob(pageJobId(runId, 0));
  expect([starts, await job?.getState()]).toEqual([3, 'failed']);
  const { failure } = failureSchema.parse(job?.progress);
  expect(failure).toMatchObject({
    code: 'SOURCE_BAD_BODY',
    message: '[SOURCE_BAD_BODY] it went wrong',
    details: { table: 'documents', page: 0 },
  });
  expect(failure.hint).toBe(error('SOURCE_BAD_BODY').hint);
});

test('a failure for good fails the page at once', async ({ rig }) => {
  const { runId, starts } = await runPage(rig, [error('SOURCE_UNAUTHORIZED')], 5);
  const job = await rig.fleet.queues.page.getJob(pageJobId(runId, 0));
  expect([starts, await job?.getState(), job?.failedReason]).toEqual([
    1,
    'failed',
    '[SOURCE_UNAUTHORIZED] it went wrong',
  ]);
});

for (const retryAfterMs of [1, 0, 0.5]) {
  test(`a rate limit of ${retryAfterMs} ms pauses the queue and uses up no attempt`, async ({ rig }) => {
    const limits = Array.from({ length: 3 }, () => error('SOURCE_RATE_LIMITED', { retryAfterMs }));
    const { runId, starts } = await runPage(rig, limits, 0);
    const job = await rig.fleet.queues.page.getJob(pageJobId(runId, 0));
    expect([starts, job?.attemptsMade, await job?.getState()]).toEqual([4, 1, 'completed']);
  });
}

test('a rate limit holds back every worker of the queue', async ({ rig }) => {
  const { fleet } = rig;
  const { runId } = await startRun(REQUEST, fleet);
  await fleet.queues.addPages(pagesOf(planOf({ runId })), fleet.attempts);
  const job = await fleet.queues.page.getJob(pageJobId(runId, 0));
  if (!job) throw new Error('no page');
  await settleFailure(error('SOURCE_RATE_LIMITED', { retryAfterMs: 60_000 }), job, fleet.queues.page);
  expect(await fleet.queues.page.getRateLimitTtl()).toBeGreaterThan(50_000);
});
