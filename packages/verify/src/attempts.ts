import { setTimeout as sleep } from 'node:timers/promises';
import { toOffloadError, type Attempts } from '@lance-offload/base';

const DEFAULT_PAUSE_MS = 1000;

/**
 * Does work again after a failure that may pass: what the queues do for a fleet (`ERROR_POLICY`), for a command that has
 * none. A source that asks for a pause gets it, and no attempt is used up.
 *
 * @throws OffloadError the last failure, or what the signal was aborted with.
 */
export async function withAttempts<T>(
  work: () => Promise<T>,
  { maxRetries, initialDelayMs }: Attempts,
  signal: AbortSignal,
): Promise<T> {
  for (let retries = 0; ;) {
    try {
      return await work();
    } catch (thrown) {
      signal.throwIfAborted();
      const error = toOffloadError(thrown);
      const { next } = error.policy;
      if (next === 'give-up' || error.code === 'INTERNAL') throw error;
      if (next === 'retry' && retries === maxRetries) throw error;
      const delayMs =
        next === 'pause' ? (error.details.retryAfterMs ?? DEFAULT_PAUSE_MS) : initialDelayMs * 2 ** retries;
      if (next === 'retry') retries += 1;
      await sleep(delayMs, undefined, { signal });
    }
  }
}
