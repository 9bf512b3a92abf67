import { setTimeout as sleep } from 'node:timers/promises';
import { OffloadError } from '@lance-offload/base';
import type { RunReport } from '@lance-offload/core';
import { eachFailure, type FailedJob, type FailureFilter, type FoundJob } from './failures.ts';
import type { FleetLink } from './fleet-link.ts';

export interface RetryOptions {
  /** Jobs per second; as fast as it goes where absent. */
  readonly perSecond?: number | undefined;
  /** Stops between two jobs; those that were not got to stay failed. */
  readonly signal?: AbortSignal | undefined;
  readonly onRetried?: ((job: FailedJob) => void) | undefined;
}

export interface RetryOutcome {
  readonly retried: number;
  /** Jobs that somebody else retried, or took out of the queue, meanwhile. */
  readonly gone: number;
  /** Runs whose jobs were left alone, because they have ended. */
  readonly ended: readonly {
    readonly runId: string;
    readonly state: RunReport['state'];
    readonly jobs: number;
  }[];
}

const AT_ONCE = 100;
const FRESH = { resetAttemptsMade: true, resetAttemptsStarted: true };

/** BullMQ's codes for a job that is not there, and for one that is in another state. */
const ELSEWHERE: ReadonlySet<unknown> = new Set([-1, -3]);

/**
 * Makes a retried job as good as new: a retry keeps the failure, and how often its workers have died (`stc`). KEYS: the
 * job; ARGV: its progress when it was failed. A failure of its next attempts is another one, and stays.
 */
const FORGET = `redis.call('HDEL', KEYS[1], 'stc')
if redis.call('HGET', KEYS[1], 'progress') == ARGV[1] then redis.call('HDEL', KEYS[1], 'progress') end`;

async function retryJob({ job, progress }: FoundJob, { queues, redis }: FleetLink): Promise<boolean> {
  const queue = queues[job.step];
  try {
    const found = await queue.getJob(job.jobId);
    if (!found) return false;
    await found.retry('failed', FRESH);
  } catch (error) {
    if (ELSEWHERE.has((error as { readonly code?: unknown }).code)) return false;
    throw error;
  }
  // After the retry, not before it: a process that is killed in between has lost nothing.
  await redis.eval(FORGET, 1, queue.toKey(job.jobId), progress ?? '');
  return true;
}

/** Says how many jobs may go now: the nth one `n / perSecond` seconds after the first. */
function createTurns({
  perSecond,
  signal,
}: RetryOptions): (waiting: number, begun: number) => Promise<number> {
  const startedMs = performance.now();
  return async (waiting, begun) => {
    if (perSecond === undefined) return Math.min(waiting, AT_ONCE);
    const wait = startedMs + (begun / perSecond) * 1000 - performance.now();
    if (wait > 0) await sleep(wait, undefined, { signal }).catch(() => undefined); // stopped: the caller sees it
    const due = Math.floor(((performance.now() - startedMs) / 1000) * perSecond) + 1 - begun;
    return Math.max(1, Math.min(due, waiting, AT_ONCE));
  };
}

/** Sorts out the jobs of runs that have ended, and counts them. */
class EndedRuns {
  readonly #fleet: FleetLink;
  readonly #states = new Map<string, RunReport['state'] | undefined>();
  readonly #jobs = new Map<string, number>();

  constructor(fleet: FleetLink) {
    this.#fleet = fleet;
  }

  async leaveOut(found: readonly FoundJob[]): Promise<FoundJob[]> {
    const open: FoundJob[] = [];
    for (const one of found) {
      const { runId, destination } = one.job;
      if (!this.#states.has(runId)) {
        this.#states.set(runId, await this.#fleet.staging.endOf({ runId, destination }));
      }
      if (this.#states.get(runId) === undefined) open.push(one);
      else this.#jobs.set(runId, (this.#jobs.get(runId) ?? 0) + 1);
    }
    return open;
  }

  get list(): RetryOutcome['ended'] {
    return [...this.#jobs].flatMap(([runId, jobs]) => {
      const state = this.#states.get(runId);
      return state === undefined ? [] : [{ runId, state, jobs }];
    });
  }
}

/**
 * Gives failed jobs fresh attempts. Each job is retried or stays as it was: stopped anywhere, it can be called again.
 *
 * @throws OffloadError `CONFIG_INVALID` where `perSecond` is not above 0.
 */
export async function retryFailures(
  fleet: FleetLink,
  filter: FailureFilter,
  options: RetryOptions = {},
): Promise<RetryOutcome> {
  const { perSecond, signal, onRetried } = options;
  if (perSecond !== undefined && !(perSecond > 0))
    throw new OffloadError('CONFIG_INVALID', `Retries per second must be above 0, not ${perSecond}`);
  const ended = new EndedRuns(fleet);
  const turn = createTurns(options);
  let [begun, retried, gone] = [0, 0, 0];
  for await (const found of eachFailure(fleet, filter)) {
    const open = await ended.leaveOut(found);
    while (open.length > 0) {
      const count = await turn(open.length, begun);
      if (signal?.aborted) return { retried, gone, ended: ended.list };
      begun += count;
      const group = open.splice(0, count);
      const outcomes = await Promise.all(group.map((one) => retryJob(one, fleet)));
      for (const [index, { job }] of group.entries()) {
        if (!outcomes[index]) {
          gone += 1;
          continue;
        }
        retried += 1;
        onRetried?.(job);
      }
    }
  }
  return { retried, gone, ended: ended.list };
}
