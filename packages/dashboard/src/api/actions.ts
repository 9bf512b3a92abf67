import { cancelRun, retryRun, type Fleet } from '@lance-offload/core';
import type { Actions, Control, FailureFilter } from './answers.ts';
import type { KnownFailure } from './failure-facts.ts';
import type { LimitsBody, PauseBody } from './inputs.ts';

/** A change somebody made, or tried to. */
export interface NewAction {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly outcome: 'done' | 'refused' | 'failed';
}

interface RetryOptions {
  /** Jobs per second; absent: as fast as it goes. */
  readonly perSecond?: number | undefined;
  readonly signal: AbortSignal;
  readonly onRetried: () => void;
}

/** What the API does to the fleet, and what operators have set. All of it throws `OffloadError`s. */
export interface FleetActions {
  readControl(): Promise<Control>;
  pause(scope: PauseBody, by: string): Promise<void>;
  /** Returns whether it was paused. */
  resume(scope: PauseBody): Promise<boolean>;
  setLimits(changes: LimitsBody): Promise<Pick<Control, 'concurrency' | 'requestsPerSecond'>>;
  cancelRun(runId: string): Promise<void>;
  /** Returns how many jobs got fresh attempts. */
  retryRun(runId: string): Promise<number>;
  /** Gives failed jobs fresh attempts until it is stopped. `found` are those the filter means, as far as they are known. */
  retryFailures(filter: FailureFilter, found: readonly KnownFailure[], options: RetryOptions): Promise<void>;
  recordAction(action: NewAction): Promise<void>;
  /** The newest first. */
  readActions(limit: number): Promise<Actions['actions']>;
}

const NOT_YET = 'Tables and runs cannot be paused yet.';
const FRESH = { resetAttemptsMade: true, resetAttemptsStarted: true };

async function sleepUntil(ms: number, signal: AbortSignal): Promise<void> {
  const left = ms - performance.now();
  if (left <= 0 || signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, left);
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
}

async function retryJob({ step, jobId }: KnownFailure, { queues }: Fleet): Promise<boolean> {
  const job = await queues[step].getJob(jobId);
  if (!job || !(await job.isFailed())) return false; // somebody else retried it, or took it out
  await job.retry('failed', FRESH);
  return true;
}

/** What core does for a fleet. */
export function coreActions(fleet: Fleet): FleetActions {
  const { queues, redis, prefix } = fleet;
  const all = [queues.schedule, queues.plan, queues.page, queues.commit];
  const key = `${prefix}:actions`;
  const readLimits = async (): Promise<Pick<Control, 'concurrency' | 'requestsPerSecond'>> => ({
    concurrency: await queues.page.getGlobalConcurrency(),
    requestsPerSecond: null,
  });
  return {
    readControl: async () => {
      const [fleetPaused, limits] = await Promise.all([queues.page.isPaused(), readLimits()]);
      return { fleetPaused, pausedTables: [], pausedRuns: [], ...limits };
    },
    pause: async ({ scope }) => {
      if (scope !== 'fleet') throw new Error(NOT_YET);
      for (const queue of all) await queue.pause();
    },
    resume: async ({ scope }) => {
      if (scope !== 'fleet') throw new Error(NOT_YET);
      const wasPaused = await queues.page.isPaused();
      for (const queue of all) await queue.resume();
      return wasPaused;
    },
    setLimits: async ({ concurrency }) => {
      if (concurrency === null) await queues.page.removeGlobalConcurrency();
      else if (concurrency !== undefined) await queues.page.setGlobalConcurrency(concurrency);
      return readLimits();
    },
    cancelRun: async (runId) => {
      await cancelRun(runId, fleet);
    },
    retryRun: async (runId) => (await retryRun(runId, fleet)).retried,
    retryFailures: async (_filter, found, { perSecond, signal, onRetried }) => {
      const startedMs = performance.now();
      for (const [index, failure] of found.entries()) {
        if (perSecond !== undefined) await sleepUntil(startedMs + (index / perSecond) * 1000, signal);
        if (signal.aborted) return;
        if (await retryJob(failure, fleet)) onRetried();
      }
    },
    recordAction: async (action) => {
      const line = JSON.stringify({ ...action, atMs: Date.now() });
      await redis.multi().lpush(key, line).ltrim(key, 0, 9999).exec();
    },
    readActions: async (limit) => {
      const lines = await redis.lrange(key, 0, limit - 1);
      return lines.map((line) => JSON.parse(line) as Actions['actions'][number]);
    },
  };
}
