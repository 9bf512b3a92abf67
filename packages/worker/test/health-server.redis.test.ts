import { once } from 'node:events';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { expect, inject, test as base } from 'vitest';
import { startHealthServer } from '../src/health-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    redisUrl: string;
  }
}

interface Worker {
  readonly redis: Redis;
  isStopping: boolean;
  readonly url: string;
  ask(path: string, method?: string): Promise<[status: number, words: string]>;
}

const test = base.extend<{ worker: Worker }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  worker: async ({}, use) => {
    const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
    await once(redis, 'ready');
    const standing = { isStopping: false };
    const where = { healthHost: '127.0.0.1', healthPort: 0 };
    const server = await startHealthServer(where, { redis, isStopping: () => standing.isStopping });
    if (!server) throw new Error('not started');
    const ask: Worker['ask'] = async (path, method = 'GET') => {
      const response = await fetch(`${server.url}${path}`, { method });
      return [response.status, (await response.text()).trim()];
    };
    await use(Object.assign(standing, { redis, url: server.url, ask }));
    await server.close();
    redis.disconnect();
  },
});

test('a worker that takes jobs is healthy and ready', async ({ worker }) => {
  expect(await worker.ask('/healthz')).toEqual([200, 'ok']);
  expect(await worker.ask('/readyz')).toEqual([200, 'ok']);
});

test('one that shuts down lives on and is not ready', async ({ worker }) => {
  worker.isStopping = true;
  expect(await worker.ask('/healthz')).toEqual([200, 'ok']);
  expect(await worker.ask('/readyz')).toEqual([503, 'shutting down']);
});

test('one whose Redis is away lives on and is not ready', async ({ worker }) => {
  worker.redis.disconnect();
  await once(worker.redis, 'end');
  expect(await worker.ask('/healthz')).toEqual([200, 'ok']);
  expect(await worker.ask('/readyz')).toEqual([503, 'Redis does not answer']);
});

test('one whose Redis does not answer within a second is not ready until it does', async ({ worker }) => {
  // Commands on one connection are answered in order: this holds up the PING behind it.
  const blocked = worker.redis.blpop('nothing-is-here', 2);
  expect(await worker.ask('/readyz')).toEqual([503, 'Redis does not answer']);
  await blocked;
  expect(await worker.ask('/readyz')).toEqual([200, 'ok']);
});

test('nothing else is answered, and nothing can be changed', async ({ worker }) => {
  expect(await worker.ask('/')).toEqual([404, 'there are /healthz and /readyz']);
  expect(await worker.ask('/metrics')).toEqual([404, 'there are /healthz and /readyz']);
  expect(await worker.ask('/readyz', 'POST')).toEqual([405, 'GET only']);
});

test('a port in use is said so', async ({ worker }) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  const where = { healthHost: '127.0.0.1', healthPort: port };
  const started = startHealthServer(where, { redis: worker.redis, isStopping: () => false });
  await expect(started).rejects.toThrow(
    `[CONFIG_INVALID] Cannot listen on 127.0.0.1 port ${port} for health checks: listen EADDRINUSE`,
  );
  other.close();
});
