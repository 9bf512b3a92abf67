import { expect, vi } from 'vitest';
import { FleetPace, type Limit } from '../../src/jobs/fleet-pace.ts';
import { limitsKey, setLimits } from '../../src/jobs/limits.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { connectionTo } from '../../../lancedb/test/http-server.ts';
import { fleetTest, type Rig } from './fleet-fixture.ts';

const test = fleetTest(14);

async function join({ secondFleet }: Rig, changes: Parameters<typeof connectionTo>[1] = {}) {
  const limits: Limit[] = [];
  const { redis, prefix } = await secondFleet();
  const pace = new FleetPace(connectionTo('http://127.0.0.1:1', changes), (limit) => limits.push(limit));
  pace.join(redis, prefix);
  return { pace, redis, limits, calls: vi.spyOn(redis, 'eval') };
}

async function takeMany(pace: FleetPace, count: number): Promise<void> {
  for (let taken = 0; taken < count; taken++) await pace.take();
}

test('while no limit is known, requests do not wait for Redis', async ({ rig }) => {
  const { pace, calls } = await join(rig);
  await takeMany(pace, 5000);
  expect(calls.mock.calls.length).toBeLessThan(10); // one a second
});

test('what one process is told, all of the fleet keep to: no request before the time the source named', async ({
  rig,
}) => {
  const [first, second] = [await join(rig), await join(rig)];
  const started = performance.now();
  await takeMany(first.pace, 20);
  await first.pace.refused(await first.pace.take(), 1500);
  await vi.waitUntil(async () => {
    await second.pace.take();
    return performance.now() - started >= 1500 || second.calls.mock.calls.length > 2;
  }, 10_000);
  await second.pace.take();
  expect(performance.now() - started).toBeGreaterThanOrEqual(1500);
});

test('a limit is told of once, by the process that met it, whatever else was under way then', async ({
  rig,
}) => {
  const [first, second] = [await join(rig), await join(rig)];
  const tickets = [await first.pace.take(), await first.pace.take(), await second.pace.take()];
  await first.pace.refused(tickets[0] ?? 0, 50);
  await first.pace.refused(tickets[1] ?? 0, 50);
  expect(first.limits).toEqual([{ requestsPerSecond: expect.any(Number), silenceMs: expect.any(Number) }]);
  expect(first.limits[0]?.requestsPerSecond).toBeGreaterThan(0);
  await first.pace.refused(await first.pace.take(), 50);
  expect(first.limits).toHaveLength(2);
});

test('a ceiling holds for the fleet together, from the first request on', async ({ rig }) => {
  const limit = { max_requests_per_second: 40 };
  const both = [await join(rig, limit), await join(rig, limit)];
  const started = performance.now();
  await Promise.all(both.map(({ pace }) => takeMany(pace, 20)));
  // The first few may be caught up on at once: a fifth of a second's worth.
  expect(performance.now() - started).toBeGreaterThanOrEqual(((40 - 1) / 40) * 1000 - 200 - 25);
});

/** Takes until the process has heard that the fleet is limited. */
async function heard({ pace, calls }: Awaited<ReturnType<typeof join>>): Promise<void> {
  await vi.waitUntil(async () => {
    await pace.take();
    return calls.mock.calls.some((call) => (call as unknown[]).includes('take'));
  }, 10_000);
}

test('a limit of the fleet is heard of by processes that know none, and holds for them together', async ({
  rig,
}) => {
  const both = [await join(rig), await join(rig)];
  for (const { pace } of both) await pace.take();
  await setLimits(rig.fleet, { requestsPerSecond: 40 });
  await Promise.all(both.map(heard));
  const started = performance.now();
  await Promise.all(both.map(({ pace }) => takeMany(pace, 20)));
  expect(performance.now() - started).toBeGreaterThanOrEqual(((40 - 1) / 40) * 1000 - 200 - 25);
});

for (const { own, fleets } of [
  { own: 40, fleets: 4000 },
  { own: 4000, fleets: 40 },
]) {
  test(`of a process’s ceiling and the fleet’s the smaller counts: ${own} and ${fleets}`, async ({ rig }) => {
    await setLimits(rig.fleet, { requestsPerSecond: fleets });
    const { pace } = await join(rig, { max_requests_per_second: own });
    const started = performance.now();
    await takeMany(pace, 40);
    expect(performance.now() - started).toBeGreaterThanOrEqual(((40 - 1) / 40) * 1000 - 200 - 25);
  });
}

test('the limit of the fleet stays when the pace is forgotten, and can be taken away', async ({ rig }) => {
  const { fleet } = rig;
  await setLimits(fleet, { requestsPerSecond: 100 });
  const one = await join(rig);
  await heard(one);
  expect(await fleet.redis.pttl(limitsKey(fleet.prefix))).toBe(-1);
  for (const key of await fleet.redis.keys(`${fleet.prefix}:pace:*`)) await fleet.redis.del(key);
  const other = await join(rig);
  await heard(other);
  await setLimits(fleet, { requestsPerSecond: null });
  await other.pace.take();
  other.calls.mockClear();
  await takeMany(other.pace, 5000);
  expect(other.calls.mock.calls.length).toBeLessThan(10);
});

test('a silence of more than a minute is not waited out with a page in hand', async ({ rig }) => {
  const { pace } = await join(rig);
  await pace.refused(await pace.take(), 90_000);
  const error = await expectRejection(pace.take(), 'SOURCE_RATE_LIMITED', /no request for another 90 s/);
  expect(error.details.retryAfterMs).toBeGreaterThan(89_000);
});

test('projects on one host are paced apart', async ({ rig }) => {
  const [one, other] = [await join(rig), await join(rig, { project_name: 'other' })];
  await one.pace.refused(await one.pace.take(), 90_000);
  await other.pace.take();
  await expectRejection(one.pace.take(), 'SOURCE_RATE_LIMITED');
});

test('with Redis gone, requests go on, at a pace of the process’s own', async ({ rig }) => {
  const { pace, redis } = await join(rig);
  await takeMany(pace, 20);
  await pace.refused(await pace.take(), 1);
  redis.disconnect();
  const started = performance.now();
  await pace.take();
  await pace.refused(await pace.take(), 300);
  await pace.take();
  expect(performance.now() - started).toBeGreaterThanOrEqual(300);
});

test('a Redis that hangs holds a request up for a second, and the next ones not at all', async ({ rig }) => {
  const { pace, redis } = await join(rig);
  await takeMany(pace, 50);
  await pace.refused(await pace.take(), 1);
  await rig.fleet.redis.client('PAUSE', 3000, 'ALL');
  const answered = redis.ping().then(() => 'Redis answers'); // hangs until the pause is over
  const requests = takeMany(pace, 4).then(() => 'requests go on'); // one after the other
  expect(await Promise.race([requests, answered])).toBe('requests go on');
  await Promise.all([requests, answered]);
});

test('waiting for a turn ends with the signal', async ({ rig }) => {
  const { pace } = await join(rig);
  await pace.refused(await pace.take(), 30_000);
  const stop = new AbortController();
  const waiting = pace.take(stop.signal);
  stop.abort();
  await expect(waiting).rejects.toThrow(/abort/);
});
