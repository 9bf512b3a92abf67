import { UnrecoverableError, Worker, type Job, type Queue } from 'bullmq';
import { describeError, type OffloadError } from '@lance-offload/base';
import type { Failure } from './payloads.ts';

/** Whether another attempt follows a failed one by itself. */
export function isTriedAgain(error: OffloadError, { attemptsMade, opts }: Job): boolean {
  const { next } = error.policy;
  return next === 'pause' || (next === 'retry' && attemptsMade + 1 < (opts.attempts ?? 1));
}

/**
 * What BullMQ is to do with a failed attempt, from the error's policy; the returned error is to be thrown.
 *
 * `pause` holds the whole queue back, on every host, and uses up no attempt; `retry` leaves it to the job's back-off;
 * `give-up` fails the job at once. The failure is kept as the job's progress, so that `status` need not read texts.
 */
export async function settleFailure(error: OffloadError, job: Job, queue: Queue): Promise<Error> {
  const { next } = error.policy;
  if (next === 'pause') {
    // Redis takes whole milliseconds, and none of zero.
    await queue.rateLimit(Math.max(1, Math.ceil(error.details.retryAfterMs ?? 1000)));
    return Worker.RateLimitError();
  }
  const failure: Failure = { ...describeError(error), details: { ...error.details }, atMs: Date.now() };
  await job.updateProgress({ failure });
  return next === 'retry' ? error : new UnrecoverableError(error.message);
}
