import { once } from 'node:events';
import { expect, test as base } from 'vitest';
import { dashboardFixtures } from './fixtures.ts';
import type { DashboardFixtures } from './fixtures.ts';

const test = base.extend<DashboardFixtures>(dashboardFixtures);

async function readiness(url: string): Promise<[status: number, body: unknown]> {
  const response = await fetch(`${url}/readyz`);
  return [response.status, await response.json()];
}

const unavailable = [503, { status: 'unavailable' }];

test('it is ready while Redis answers', async ({ url }) => {
  expect(await readiness(url)).toEqual([200, { status: 'ok' }]);
});

test('without Redis it lives, is not ready, and the board says so rather than waiting', async ({
  fleet,
  serve,
}) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serve({ redis });
  redis.disconnect();
  await once(redis, 'end');
  expect(await readiness(url)).toEqual(unavailable);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const response = await fetch(`${url}/queues/api/queues`);
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ message: expect.stringContaining('Redis does not answer') });
});

test('a Redis that is connected but does not answer within a second makes it unready', async ({
  fleet,
  serve,
}) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serve({ redis });
  // Commands on one connection are answered in order: this holds up the PING behind it.
  const blocked = redis.blpop(`${fleet.prefix}:nothing`, 2);
  expect(await readiness(url)).toEqual(unavailable);
  await blocked;
  expect(await readiness(url)).toEqual([200, { status: 'ok' }]);
  redis.disconnect();
});
