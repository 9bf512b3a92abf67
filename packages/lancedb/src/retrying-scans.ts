import type { LanceClient } from './client.ts';

/**
 * The same source for work that a failed request would cost what it has so far: each of its scans is sent again by itself,
 * as the connection's `max_retries` allows.
 *
 * @param from which scan on: where the work has nothing in hand before its first answer, a failure is its queue's until then.
 */
export function retryingScans(source: LanceClient, from: 'first scan' | 'first answer'): LanceClient {
  let retried = from === 'first scan';
  return {
    ...source,
    async scan(table, query, limits) {
      const body = await source.scan(table, query, {
        ...limits,
        retried: retried || limits.retried === true,
      });
      retried ||= body !== undefined;
      return body;
    },
  };
}
