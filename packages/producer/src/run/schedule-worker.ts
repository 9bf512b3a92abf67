import {
  countFailed,
  fireSchedule,
  SCHEDULE_QUEUE,
  type Failure,
  type FireDeps,
  type FleetLink,
  type RunFailure,
  type ScheduleJob,
  type ScheduleOutcome,
} from '@lance-offload/fleet';
import { describeError } from '@lance-offload/base';
import { UnrecoverableError, Worker, type Job } from 'bullmq';
import type { Context } from '../context.ts';
import { planFailure, scheduledRequest } from './scheduled-run.ts';

/** Tables that are due at the same moment start together: as many as plans are made at once. */
const CONCURRENCY = 8;
/** A killed process's tick is free for another one after this long. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5000;

/** What comes of ticks; `unplanned` follows `started` for a run whose plan failed for good. */
export type ScheduleEvent =
  | ScheduleOutcome
  | {
      readonly outcome: 'unplanned';
      readonly table: string;
      readonly runId: string;
      readonly error: RunFailure;
    };

/** Ends a tick as failed, in the form failed jobs have. It is not tried again: the next tick is the next attempt. */
async function failTick(job: Job, failure: Omit<Failure, 'atMs'>): Promise<never> {
  await job.updateProgress({ failure: { ...failure, atMs: Date.now() } satisfies Failure });
  throw new UnrecoverableError(failure.message);
}

/**
 * Takes ticks of schedules off the queue, until the command ends. A tick is over when its run is planned, so that a
 * plan that fails is a failure of its schedule; `signal` ends the waiting.
 */
export function startScheduleWorker(
  context: Context,
  fleet: FleetLink,
  onEvent: (event: ScheduleEvent) => void,
  signal: AbortSignal,
): void {
  const { logger, source } = context;
  const deps: FireDeps = {
    fleet,
    source: source.url,
    requestFor: (table) => scheduledRequest(table, context),
  };

  async function fire(job: Job<ScheduleJob>): Promise<{ outcome: string; runId?: string }> {
    const table = job.name;
    const tick = { table, dueMs: job.opts.prevMillis ?? job.timestamp, payload: job.data };
    const fired = await fireSchedule(tick, deps);
    onEvent(fired);
    const { outcome } = fired;
    if (outcome === 'failed') {
      const { code, message, hint, details } = describeError(fired.error);
      return failTick(job, { code, message, hint, details: { ...details } });
    }
    if (outcome !== 'started') return { outcome };
    const { runId } = fired.run;
    const failure = await planFailure(fired.run, fleet, signal);
    if (!failure) return { outcome, runId };
    await countFailed(table, failure, fleet);
    onEvent({ outcome: 'unplanned', table, runId, error: failure });
    const { code, message, hint } = failure;
    return failTick(job, { code, message, hint, details: { table, runId } });
  }

  const { tracing } = fleet.queues;
  const take = (job: Job<ScheduleJob>) =>
    tracing.inSpan('schedule came due', { table: job.name }, () => fire(job));
  const worker = new Worker<ScheduleJob>(SCHEDULE_QUEUE, take, {
    connection: fleet.redis,
    prefix: fleet.prefix,
    concurrency: CONCURRENCY,
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    maxStalledCount: 10,
  });
  worker.on('error', (error) => logger.error({ queue: SCHEDULE_QUEUE }, error.message));
  context.onClose(() => worker.close());
}
