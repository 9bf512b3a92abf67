import type { RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences, until } from '../src/lake.ts';
import type { SourceRequest } from '../src/source.ts';

const PAGES = { batch_size: 20 };
/** Workers hear of a pause within so long. */
const HEARD_MS = 1000;

const isQuery = ({ operation }: SourceRequest): boolean => operation === 'query';

test('a run that is paused in its middle fetches nothing more while another table goes on, and publishes when it is resumed', async ({
  world,
  fleetRedis,
}) => {
  const items = await world.items('items', 800);
  const others = await world.items('others', 200);
  const source = await world.serve({ tables: { items: PAGES, others: PAGES } });
  const hold = source.hold(
    (request) => isQuery(request) && request.table === 'items' && (request.offset ?? 0) >= 100,
  );
  await world.worker(['--concurrency', '2']);
  const following = world.producer('run', 'items');
  await hold.waiting(2);
  const run = await world.lake.openRun('items');

  const paused = await world.offload('pause', '--run', run.runId);
  const heardMs = performance.now() + HEARD_MS;
  expect(paused.out).toContain(`lance-offload resume --run ${run.runId}`);
  await following.says(/this run is paused; go on with: lance-offload resume --run items-/);
  await until(() => performance.now() > heardMs);
  hold.release();
  expect((await world.offload('run', 'others')).code).toBe(0);
  expect(differences(await world.lake.rows('others'), others)).toEqual([]);

  await until(
    async () => (await fleetRedis.queues.page.getJobCountByTypes('waiting', 'prioritized', 'active')) === 0,
  );
  expect(source.queries('items')).toHaveLength(7); // those before the pause, and the two that were under way
  expect(await world.lake.receipts(run)).toHaveLength(7);
  expect(await world.ask<RunStatus>('status', run.runId)).toMatchObject({
    state: 'staging',
    paused: 'run',
    pages: { staged: 7, waiting: 33 },
  });
  const overview = await world.offload('status');
  expect(overview.out).toContain('staging (paused)');
  expect(overview.out).toMatch(
    new RegExp(`Run ${run.runId} is paused by .+ Go on with: lance-offload resume`),
  );

  expect((await world.offload('resume', '--run', run.runId)).out).toContain('(33 jobs were parked)');
  expect((await following.ended).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  expect(new Set(source.queries('items').map(({ offset }) => offset)).size).toBe(40);
  expect(source.queries('items')).toHaveLength(40);
  expect((await world.offload('status')).out).not.toContain('paused');
});

test('a paused fleet, and a paused table, begin nothing until they are resumed, not even a plan', async ({
  world,
}) => {
  const items = await world.items('items', 100);
  const source = await world.serve({ tables: { items: PAGES } });
  await world.worker();
  await world.offload('pause');
  await world.offload('pause', '--table', 'items');
  const following = world.producer('run');
  await following.says(/planning, the fleet is paused; go on with: lance-offload resume$/m);
  expect(await world.ask('resume')).toMatchObject({
    resumed: [{ scope: 'fleet', wasPaused: true }],
    pauses: { fleet: false, tables: [{ table: 'items' }], runs: [] },
  });
  await following.says(/planning, its table is paused; go on with: lance-offload resume --table items/);
  expect(source.queries('items')).toEqual([]);
  await world.offload('resume', '--table', 'items');
  expect((await following.ended).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('once a fault at the source is gone, all that failed of it is retried at once, by its code', async ({
  world,
}) => {
  const rows = await world.items('one', 60);
  await world.items('two', 60);
  const source = await world.serve({ tables: { one: PAGES, two: PAGES } });
  const refusal = source.refuse((request) => isQuery(request) && request.offset === 20, 400, 'not now');
  await world.worker();
  expect((await world.offload('run')).code).toBe(1);
  const runs = await Promise.all(['one', 'two'].map((table) => world.lake.openRun(table)));

  expect(await world.offload('retry')).toMatchObject({ code: 2, err: expect.stringContaining('--all') });
  const unknown = await world.offload('retry', '--code', 'NOT_NOW');
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining('SOURCE_REJECTED') });
  const elsewhere = await world.offload('retry', '--table', 'three');
  expect(elsewhere).toMatchObject({
    code: 2,
    err: expect.stringContaining('there is no table "three" (there is: one, two)'),
  });
  const other = await world.ask('retry', '--code', 'SOURCE_UNAVAILABLE');
  expect(other).toEqual({ retried: 0, gone: 0, ended: [] });

  refusal.heal();
  const retried = await world.ask('retry', '--code', 'SOURCE_REJECTED', '--per-second', '20');
  expect(retried).toEqual({ retried: 2, gone: 0, ended: [] });
  for (const run of runs) expect(await world.lake.ended(run)).toMatchObject({ state: 'published' });
  expect(differences(await world.lake.rows('one'), rows)).toEqual([]);
});

test('limits hold for two workers together: one page at a time, and so many requests a second', async ({
  world,
}) => {
  const items = await world.items('items', 400);
  await world.items('others', 400);
  const source = await world.serve({ tables: { items: PAGES, others: PAGES } });
  let [active, most] = [0, 0];
  const counted = source.spoil(isQuery, async (response, genuine) => {
    active += 1;
    most = Math.max(most, active);
    const body = await genuine();
    active -= 1;
    response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.file' }).end(body);
  });
  expect(await world.ask('limits', '--concurrency', '1')).toEqual({
    concurrency: 1,
    requestsPerSecond: null,
  });
  await Promise.all([world.worker(['--concurrency', '3']), world.worker(['--concurrency', '3'])]);
  expect((await world.offload('run', 'items')).code).toBe(0);
  expect(most).toBe(1);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  counted.heal();

  await world.offload('limits', '--concurrency', 'none', '--rate', '10');
  expect((await world.offload('status')).out).toContain('at most 10 requests a second');
  const sentMs: number[] = []; // holds nothing, but notes when requests come
  source.hold((request) => isQuery(request) && sentMs.push(performance.now()) === 0);
  expect((await world.offload('run', 'others')).code).toBe(0);
  expect(sentMs).toHaveLength(20);
  // Each worker may have begun what it could before it heard of the limit.
  const free = 6;
  expect((sentMs.at(-1) ?? 0) - (sentMs[0] ?? 0)).toBeGreaterThanOrEqual(((20 - 1 - free) / 10) * 1000 - 300);
  expect((await world.offload('limits')).out).toBe(
    'The fleet sends at most 10 requests a second to the source.\n',
  );
  expect((await world.offload('limits', '--rate', '0')).code).toBe(2);
});
