import { connectRedis, Queues, type RunStatus } from '@lance-offload/fleet';
import type { PlanJob } from '@lance-offload/core';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences, until } from '../src/lake.ts';

test('a run that an earlier release has queued and not planned does not come in beside a new one', async ({
  world,
}) => {
  const items = await world.items('items', 300);
  const source = await world.serve({ tables: { items: { batch_size: 100 } } });
  const runId = 'items-20261125T101500Z-7f3a';
  const job: PlanJob = {
    payloadVersion: 2,
    runId,
    table: 'items',
    destination: 'items',
    source: source.url,
    startedAtMs: 1,
    options: { batch_size: 100 },
    full: false,
    sweepDeletes: false,
  };
  const redis = await connectRedis(world.redisUrl, () => undefined);
  const queues = new Queues(redis, world.prefix);
  await queues.addRun(job, { maxRetries: 2, initialDelayMs: 10 });
  await world.worker();

  expect((await world.offload('run')).code).toBe(0);
  const found = await until(async () => {
    const status = await world.ask<RunStatus>('status', runId);
    return status.state !== 'planning' && status;
  });
  expect(found).toMatchObject({
    state: 'failed',
    failures: [
      { step: 'plan', code: 'RUN_OPEN', message: expect.stringMatching(/has an open run, items-.*retry/) },
    ],
  });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);

  // Now that the new one has ended, the old one goes on where the operator wants it to: there is nothing left to do.
  expect((await world.offload('retry', runId)).code).toBe(0);
  expect((await world.offload('run', '--resume', runId)).out).toContain('unchanged');
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  await queues.close();
  redis.disconnect();
});
