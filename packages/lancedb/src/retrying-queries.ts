import type { LanceClient } from './client.ts';

/**
 * The same source for work that a failed request would cost what it has so far: each of its queries is sent again by itself,
 * as the connection's `max_retries` allows.
 *
 * @param from which query on: where the work has nothing in hand before its first answer, a failure is its queue's until then.
 */
export function retryingQueries(source: LanceClient, from: 'first query' | 'first answer'): LanceClient {
  let retried = from === 'first query';
  return {
    ...source,
    async query(table, query, limits) {
      const body = await source.query(table, query, {
        ...limits,
        retried: retried || limits.retried === true,
      });
      retried ||= body !== undefined;
      return body;
    },
  };
}
