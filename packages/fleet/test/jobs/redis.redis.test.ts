import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, inject, test as base } from 'vitest';
import { connectRedis, redactUrl } from '../../src/jobs/redis.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Starts a redis-server with arguments of its own; ended after the test. */
const test = base.extend<{ redisServer: (...options: string[]) => Promise<string> }>({
  redisServer: async ({ task }, use) => {
    const running: ChildProcess[] = [];
    await use(async (...options) => {
      const port = await freePort();
      const server = spawn(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', '', ...options],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      running.push(server);
      for await (const line of server.stdout)
        if (String(line).includes('Ready to accept connections')) return `127.0.0.1:${port}`;
      throw new Error(`redis-server did not start for ${task.name}`);
    });
    for (const server of running) server.kill('SIGKILL');
  },
});

const ignore = (): void => undefined;

test('a Redis that keeps every key is accepted', async () => {
  const redis = await connectRedis(inject('redisUrl'), ignore);
  expect(await redis.ping()).toBe('PONG');
  expect(redis.options.maxRetriesPerRequest).toBeNull();
  redis.disconnect();
});

test.for(['allkeys-lru', 'volatile-ttl'])(
  'a Redis that evicts keys by %s is refused as misconfigured',
  async (policy, { redisServer }) => {
    const host = await redisServer('--maxmemory-policy', policy);
    const error = await expectRejection(
      connectRedis(`redis://${host}`, ignore),
      'REDIS_MISCONFIGURED',
      new RegExp(`maxmemory-policy ${policy}`),
    );
    expect(error.policy.exitCode).toBe(78);
  },
);

test('a Redis that is not there is reported at once, with its address and without its password', async () => {
  const port = await freePort();
  const error = await expectRejection(
    connectRedis(`redis://u:hidden@127.0.0.1:${port}`, ignore),
    'REDIS_UNAVAILABLE',
    /No Redis answers at redis:\/\/u:\*\*\*@127\.0\.0\.1:\d+: .*ECONNREFUSED/,
  );
  expect(error.message).not.toContain('hidden');
});

test('a Redis that wants another password is reported with its own words', async ({ redisServer }) => {
  const host = await redisServer('--requirepass', 'right');
  const error = await expectRejection(
    connectRedis(`redis://:wrong@${host}`, ignore),
    'REDIS_UNAVAILABLE',
    /WRONGPASS|NOAUTH|invalid/i,
  );
  expect(error.message).not.toContain('wrong@');
});

test('a URL is shown without its password and its query', () => {
  expect(redactUrl('rediss://user:secret@host:6380/3?password=secret')).toBe('rediss://user:***@host:6380/3');
  expect(redactUrl('redis://host:6379')).toBe('redis://host:6379');
});
