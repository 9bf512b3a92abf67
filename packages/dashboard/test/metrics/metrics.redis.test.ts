import { once } from 'node:events';
import { BEAT_MS, beat, LOST_AFTER_MS, recordOpened, redisTimeMs } from '@lance-offload/fleet';
import { ERROR_POLICY, VERSION } from '@lance-offload/base';
import { expect } from 'vitest';
import { RUN } from '../fixtures.ts';
import { commitTable, scrape, standing, tellOfWork, test } from './metrics-fixture.ts';
import { promtool } from './scrape.ts';

test('a scrape is well-formed, to Prometheus’s own checker as well', async ({ fleet, serveMetrics }) => {
  const url = await serveMetrics();
  const empty = await scrape(url);
  await tellOfWork(fleet);
  await commitTable('odd "name"\\ with\nall of it', fleet);
  const full = await scrape(url);
  for (const { body } of [empty, full]) expect(await promtool(['check', 'metrics'], body)).toBe('');
  for (const [name, { type, help }] of full.metrics) {
    expect(name).toMatch(/^lance_offload_[a-z_]+$/);
    expect(help).toMatch(/\.$/);
    expect(['counter', 'gauge', 'histogram', 'summary']).toContain(type);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  }
  expect([...empty.metrics.keys()]).toEqual([...full.metrics.keys()]);
  expect(full.value('lance_offload_lake_rows', { table: 'odd "name"\\ with\nall of it' })).toBe(25);
  const { headers } = await fetch(url);
  expect(headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
});

test('counts are those the fleet has told, in seconds and bytes, and each error code is there', async ({
  fleet,
  serveMetrics,
}) => {
  await tellOfWork(fleet);
  const { value, samples } = await scrape(await serveMetrics());
  const told = (name: string, labels?: Record<string, string>) => value(`lance_offload_${name}`, labels);
  expect(told('build_info', { version: VERSION })).toBe(1);
  expect(told('redis_up')).toBe(1);
  expect(told('pages_total')).toBe(3);
  expect(told('rows_total')).toBe(2500);
  expect(told('bytes_total')).toBe(4_000_000);
  expect(told('source_requests_total')).toBe(4);
  expect(told('rate_limit_pauses_total')).toBe(1);
  expect(told('retries_total')).toBe(2);
  expect(told('page_busy_seconds_total')).toBe(4.5);
  expect(told('commit_duration_seconds_sum')).toBe(1.5);
  expect(told('commit_duration_seconds_count')).toBe(2);
  const errors = samples.filter(({ name }) => name === 'lance_offload_errors_total');
  expect(
    Object.fromEntries(errors.map(({ labels, value: errorCount }) => [labels['code'], errorCount])),
  ).toEqual({
    ...Object.fromEntries(Object.keys(ERROR_POLICY).map((code) => [code, 0])),
    SOURCE_UNAVAILABLE: 2,
  });
});

test('latency is a histogram: its buckets add up, the last one is the count, and it has a sum', async ({
  fleet,
  serveMetrics,
}) => {
  await tellOfWork(fleet);
  const { samples, value } = await scrape(await serveMetrics());
  const name = 'lance_offload_source_request_duration_seconds';
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const at = (le: string) => buckets.find(({ labels }) => labels['le'] === le)?.value;
  expect([at('0.01'), at('0.02'), at('0.075'), at('0.1'), at('60'), at('+Inf')]).toEqual([0, 2, 2, 3, 3, 4]);
  const bounds = buckets.map(({ labels }) => Number(labels['le']?.replace('+Inf', 'Infinity')));
  expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
  expect(value(`${name}_count`)).toBe(4);
  expect(value(`${name}_sum`)).toBeCloseTo(100.114);
});

test('queues, failed pages and open runs are told by state', async ({ fleet, serveMetrics }) => {
  const run = { runId: RUN, table: 'documents', destination: 'documents', startedAtMs: Date.now() };
  await recordOpened(run, fleet);
  const url = await serveMetrics();
  await fleet.queues.schedule.pause();
  const before = await scrape(url);
  const jobs = (queue: string, state: string) => before.value('lance_offload_queue_jobs', { queue, state });
  expect([jobs('page', 'waiting'), jobs('plan', 'waiting'), jobs('commit', 'waiting-children')]).toEqual([
    2, 1, 1,
  ]);
  expect(before.value('lance_offload_queue_paused', { queue: 'schedule' })).toBe(1);
  expect(before.value('lance_offload_queue_paused', { queue: 'page' })).toBe(0);
  expect(before.value('lance_offload_runs_open', { state: 'planning' })).toBe(1);

  await fleet.redis.hset(`${fleet.prefix}:run:${RUN}`, { state: 'staging', pages: 2, stagedPages: 0 });
  await fleet.failPage();
  const half = await scrape(url);
  expect(half.value('lance_offload_failed_pages')).toBe(1);
  expect(half.value('lance_offload_runs_open', { state: 'staging' })).toBe(1);
  await fleet.failPage();
  const blocked = await scrape(url);
  expect(blocked.value('lance_offload_failed_pages')).toBe(2);
  expect(blocked.value('lance_offload_runs_open', { state: 'blocked' })).toBe(1);
  expect(blocked.value('lance_offload_runs_open', { state: 'staging' })).toBe(0);
});

test('workers are told by state; one that is lost has no page, one that has stopped is gone', async ({
  fleet,
  serveMetrics,
}) => {
  await tellOfWork(fleet);
  await beat({ ...standing, id: 'host-e:21' }, {}, fleet);
  const silentSince = (await redisTimeMs(fleet.redis)) - LOST_AFTER_MS - BEAT_MS;
  await fleet.redis.zadd(`${fleet.prefix}:workers`, silentSince, 'host-e:21');
  const { value, samples } = await scrape(await serveMetrics());
  const states = samples.filter(({ name }) => name === 'lance_offload_workers');
  expect(Object.fromEntries(states.map(({ labels, value: workers }) => [labels['state'], workers]))).toEqual({
    working: 1,
    idle: 1,
    stopping: 1,
    lost: 1,
  });
  const of = (name: string, worker: string) => value(`lance_offload_worker_${name}`, { worker });
  expect(of('pages_in_flight', 'host-a:17')).toBe(2);
  expect(of('pages_in_flight', 'host-e:21')).toBe(0);
  expect(of('resident_memory_bytes', 'host-a:17')).toBe(500_000_000);
  expect(of('heap_bytes', 'host-a:17')).toBe(30_000_000);
  expect(of('concurrency', 'host-a:17')).toBe(2);
  expect(of('last_heartbeat_timestamp_seconds', 'host-e:21')).toBeCloseTo(silentSince / 1000);
  expect(of('concurrency', 'host-d:20')).toBeUndefined();
});

test('a lake table has its versions, rows and the time of its last commit', async ({
  fleet,
  serveMetrics,
}) => {
  await commitTable('documents', fleet);
  const { value } = await scrape(await serveMetrics());
  const of = (name: string) => value(`lance_offload_lake_${name}`, { table: 'documents' });
  expect([of('delta_version'), of('source_version'), of('rows')]).toEqual([3, 7, 25]);
  expect(of('last_commit_timestamp_seconds')).toBe(1_800_000_000.5);
  expect(value('lance_offload_lake_tables')).toBe(1);
});

test('of more tables than a thousand, the thousand committed to last have series', async ({
  fleet,
  serveMetrics,
}) => {
  const held = { deltaVersion: 0, sourceVersion: 1, rows: 1, runId: 'r' };
  const tables = Array.from({ length: 1100 }, (_, n) => [
    `t${n}`,
    JSON.stringify({ ...held, committedAtMs: n }),
  ]);
  await fleet.redis.hset(`${fleet.prefix}:tables`, ...tables.flat());
  const { value, samples } = await scrape(await serveMetrics());
  expect(samples.filter(({ name }) => name === 'lance_offload_lake_rows')).toHaveLength(1000);
  expect(value('lance_offload_lake_rows', { table: 't99' })).toBeUndefined();
  expect(value('lance_offload_lake_tables')).toBe(1100);
});

test('without Redis a scrape says that it is away, at once, and nothing else of it', async ({
  fleet,
  serveMetrics,
}) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serveMetrics(redis);
  redis.disconnect();
  await once(redis, 'end');
  const { metrics, value, body } = await scrape(url);
  expect(value('lance_offload_redis_up')).toBe(0);
  expect([...metrics.keys()]).toEqual([
    'lance_offload_build_info',
    'lance_offload_redis_up',
    'lance_offload_scrape_duration_seconds',
  ]);
  expect(await promtool(['check', 'metrics'], body)).toBe('');
});

test('a Redis that is connected but does not answer is away too, and there again when it does', async ({
  fleet,
  serveMetrics,
}) => {
  const redis = fleet.redis.duplicate();
  await once(redis, 'ready');
  const url = await serveMetrics(redis);
  // Commands on one connection are answered in order: this holds up those behind it.
  const blocked = redis.blpop(`${fleet.prefix}:nothing`, 3);
  expect((await scrape(url)).value('lance_offload_redis_up')).toBe(0);
  await blocked;
  expect((await scrape(url)).value('lance_offload_redis_up')).toBe(1);
  redis.disconnect();
});
