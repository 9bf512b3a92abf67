import { once } from 'node:events';
import { Queues, recordReport, recordStaged } from '@lance-offload/fleet';
import { Redis } from 'ioredis';
import { expect, inject } from 'vitest';
import type { ErrorAnswer, Overview, StreamStatus } from '../../src/api/answers.ts';
import type { RunDetail } from '../../src/api/run-answers.ts';
import { apiTest, planOf, publishedReport, type Rig } from './api-fixture.ts';
import { followOverview } from './apply-patch.ts';
import { EventReader } from './event-reader.ts';
import { RedisProxy } from './redis-proxy.ts';

const test = apiTest;

test('a stream begins with a snapshot, and its patches make it the overview of each moment', async ({
  rig,
}) => {
  const plan = planOf('documents');
  await rig.start(plan);
  const stream = await rig.follow('topic=overview');
  expect(Object.fromEntries(stream.response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  });
  let overview = await stream.until<Overview>('snapshot');
  expect(stream.preamble).toContain('retry: 2000');
  expect(overview.tables).toMatchObject([{ table: 'documents', pages: { waiting: 5 } }]);

  await recordStaged({ runId: plan.runId, index: 0, rows: 10, bytes: 1000 }, rig.fleet);
  await rig.start(planOf('another'));
  overview = await followOverview(stream, overview, ({ tables }) => tables.length === 2);
  expect(overview.tables).toMatchObject([{ table: 'another' }, { table: 'documents', pages: { staged: 1 } }]);
  await recordReport(publishedReport(plan), rig.fleet);
  overview = await followOverview(stream, overview, ({ tables }) =>
    tables.some(({ state }) => state === 'published'),
  );
  const second = await rig.follow('topic=overview');
  const fresh = await second.until<Overview>('snapshot');
  overview = await followOverview(stream, overview, ({ atMs }) => atMs >= fresh.atMs);
  const { atMs: _at, fleet: _fleet, points: _points, ...rest } = overview;
  expect(fresh).toMatchObject(rest);
});

test('a run is told again when it has changed, and to all who follow it', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  const streams = [
    await rig.follow(`topic=run&run=${plan.runId}`),
    await rig.follow(`topic=run&run=${plan.runId}`),
  ];
  for (const stream of streams)
    expect(await stream.until<RunDetail>('run')).toMatchObject({ pages: { staged: 0 } });
  await recordStaged({ runId: plan.runId, index: 0, rows: 10, bytes: 1000 }, rig.fleet);
  for (const stream of streams) {
    const told = await stream.until<RunDetail>('run', ({ pages }) => pages.staged === 1);
    expect(told).toMatchObject({ rows: 10, bytes: 1000 });
  }
});

async function throughProxy(
  rig: Rig,
): Promise<{ proxy: RedisProxy; url: string; close: () => Promise<void> }> {
  const proxy = await RedisProxy.start(inject('redisUrl'));
  const redis = new Redis(proxy.url, { maxRetriesPerRequest: null, retryStrategy: () => 100 });
  redis.on('error', () => undefined); // it is cut
  await once(redis, 'ready');
  const queues = new Queues(redis, rig.fleet.prefix);
  const url = await rig.serve({ fleet: { ...rig.fleet, redis, queues } });
  const close = async (): Promise<void> => {
    rig.stop();
    redis.disconnect();
    proxy.cut();
  };
  return { proxy, url, close };
}

for (const how of ['cut', 'silence'] as const) {
  test(`on a ${how} of the way to Redis streams say so and questions are answered 503; then they go on with a snapshot`, async ({
    rig,
  }) => {
    await rig.start(planOf('documents'));
    const { proxy, url, close } = await throughProxy(rig);
    const stream = await EventReader.open(`${url}/api/events?topic=overview`);
    await stream.until<Overview>('snapshot');

    proxy[how]();
    expect(await stream.until<StreamStatus>('status')).toMatchObject({ redis: 'lost' });
    const headers = { 'content-type': 'application/json' };
    const refused = [
      await fetch(`${url}/api/overview`),
      await fetch(`${url}/api/failures`),
      await fetch(`${url}/api/control/pause`, { method: 'POST', headers, body: '{"scope":"fleet"}' }),
    ];
    for (const response of refused) {
      expect(response.status).toBe(503);
      const { error } = (await response.json()) as ErrorAnswer;
      expect(error).toMatchObject({ code: 'REDIS_UNAVAILABLE', message: 'Redis does not answer' });
    }
    const late = await EventReader.open(`${url}/api/events?topic=failures`);
    expect(await late.until<StreamStatus>('status')).toMatchObject({ redis: 'lost' });

    await rig.start(planOf('meanwhile'));
    await proxy.mend();
    expect(await stream.until<StreamStatus>('status')).toMatchObject({ redis: 'ok' });
    const { tables } = await stream.until<Overview>('snapshot');
    expect(tables.map(({ table }) => table)).toEqual(['documents', 'meanwhile']);
    await late.until('failures');
    expect(await rig.fleet.queues.page.isPaused()).toBe(false);
    for (const reader of [stream, late]) reader.close();
    await close();
  });
}

test('there are no more streams than allowed, and one that ends makes room', async ({ rig }) => {
  const url = await rig.serve({ maxStreams: 1 });
  const address = `${url}/api/events?topic=failures`;
  const first = await EventReader.open(address);
  await first.until('failures');
  const refused = await fetch(address);
  expect([refused.status, await refused.json()]).toMatchObject([
    503,
    { error: { code: 'TOO_MANY_STREAMS' } },
  ]);
  first.close();
  for (;;) {
    const next = await EventReader.open(address);
    if (next.response.status === 200) {
      next.close();
      return;
    }
  }
});

test('a shutdown ends the streams', async ({ rig }) => {
  const stream = await rig.follow('topic=overview');
  await stream.until('snapshot');
  rig.stop();
  for (;;) if ((await stream.next()) === undefined) break;
  const { status } = await rig.refused('GET', '/events?topic=overview');
  expect(status).toBe(503);
});
