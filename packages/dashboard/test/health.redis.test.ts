import { once } from 'node:events';
import { expect, test as base } from 'vitest';
import { dashboardFixtures } from './fixtures.ts';
import type { DashboardFixtures } from './fixtures.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

async function health(url: string): Promise<[status: number, body: unknown]> {
  const response = await fetch(`${url}/healthz`);
  return [response.status, await response.json()];
}

const unavailable = [503, { status: 'unavailable', reason: 'Redis does not answer' }];

test('it is healthy while Redis answers', async ({ url }) => {
  expect(await health(url)).toEqual([200, { status: 'ok' }]);
});

test('without Redis it is unhealthy and the board says so, rather than waiting', async ({ fleet, serve }) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serve({ redis });
  redis.disconnect();
  await once(redis, 'end');
  expect(await health(url)).toEqual(unavailable);
  const response = await fetch(`${url}/queues/api/queues`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('Redis does not answer') });
});

test('a Redis that is connected but does not answer within a second is unhealthy', async ({
  fleet,
  serve,
}) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serve({ redis });
  // Commands on one connection are answered in order: this holds up the PING behind it.
  const blocked = redis.blpop(`${fleet.prefix}:nothing`, 2);
  expect(await health(url)).toEqual(unavailable);
  await blocked;
  expect(await health(url)).toEqual([200, { status: 'ok' }]);
  redis.disconnect();
});
