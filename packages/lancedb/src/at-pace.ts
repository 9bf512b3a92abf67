import { OffloadError } from '@lance-offload/base';
import { MAX_PAUSE_MS, type Pace } from './pace.ts';

/**
 * Sends a request when its turn comes, and again after each 429: that is no failure, and uses up no attempt. A request
 * that meets nothing but 429 for a minute, or is told to wait that long, ends in it, so that its page goes back to the
 * queue.
 *
 * @throws OffloadError `SOURCE_RATE_LIMITED`, and whatever `send` throws.
 */
export async function atPace<T>(send: () => Promise<T>, pace: Pace, signal: AbortSignal): Promise<T> {
  const started = performance.now();
  for (;;) {
    const ticket = await pace.take(signal);
    try {
      return await send();
    } catch (thrown) {
      const { code, details } = thrown instanceof OffloadError ? thrown : {};
      if (code !== 'SOURCE_RATE_LIMITED') throw thrown;
      const pauseMs = details?.retryAfterMs ?? 0;
      await pace.refused(ticket, pauseMs);
      if (performance.now() - started + pauseMs > MAX_PAUSE_MS) throw thrown;
    }
  }
}
