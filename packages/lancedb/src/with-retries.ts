import pRetry from 'p-retry';
import { OffloadError, type Connection } from '@lance-offload/base';

/** Longest pause between two tries, unless the source asks for a longer one. */
export const MAX_BACKOFF_MS = 30_000;

/**
 * Does work again after a failure that may pass, as often and as fast as the connection allows. A pause the source asks
 * for is none of these: it ends the work, which then waits in its queue.
 *
 * @param onRetry told before each new try what failed, and the how many-th it was.
 * @throws OffloadError the last failure, or what the signal was aborted with.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  { max_retries: retries, initial_retry_delay: delaySeconds }: Connection,
  signal: AbortSignal,
  onRetry: (error: OffloadError, attempt: number) => void = () => undefined,
): Promise<T> {
  return pRetry(work, {
    retries,
    minTimeout: delaySeconds * 1000,
    maxTimeout: MAX_BACKOFF_MS,
    randomize: true,
    signal,
    shouldRetry: ({ error, attemptNumber }) => {
      if (!(error instanceof OffloadError) || error.policy.next !== 'retry') return false;
      onRetry(error, attemptNumber);
      return true;
    },
  });
}
