import type { Worker } from 'bullmq';
import type { PageDeps } from './stage-page.ts';

const LOCK_LOST = 'the lock of the job is lost: another worker takes it';

/**
 * Ends attempts whose job's lock is lost: another worker takes the job, and what is under way here would only be done
 * twice. That is politeness; whatever an attempt still writes harms nobody.
 */
export function endLostAttempts(worker: Pick<Worker, 'on' | 'cancelJob'>): void {
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) worker.cancelJob(id, LOCK_LOST);
  });
}

/** Whether an attempt ended because it had lost its job: no failure, and nothing to be settled here. */
export function isLost(signal: AbortSignal | undefined): boolean {
  return signal?.reason === LOCK_LOST;
}

/** The same, with a lake that is neither read nor written any more once a signal says stop. */
export function untilLost(deps: PageDeps, signal: AbortSignal): PageDeps {
  return { ...deps, staging: deps.staging.during(signal) };
}
