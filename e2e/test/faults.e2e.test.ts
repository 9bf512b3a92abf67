import { once } from 'node:events';
import { createServer } from 'node:http';
import { pageJobId, type RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { ROWS_PER_PAGE, runWithFaults, SETTINGS, tableOf } from '../src/fault-runs.ts';
import { expectedOutcome, faultsDocument, otherTable, spoiltTable } from '../src/fault-table.ts';
import { faultsOf, refuse } from '../src/faults.ts';
import { test } from '../src/fixtures.ts';
import { createTable, makeItems } from '../src/items.ts';
import { differences, until } from '../src/lake.ts';
import type { SourceRequest } from '../src/source.ts';

const ROWS = 3 * ROWS_PER_PAGE;

/** What the tests below saw; the last one compares it with the documentation. */
const seen: { spoilt: string; others: string[][] } = { spoilt: '', others: [] };

const isQueryFor = (table: string, offset?: number) => (request: SourceRequest) =>
  request.table === table &&
  request.operation === 'query' &&
  (offset === undefined || request.offset === offset);

/** A server at which a redirect points, and what it was sent. */
async function startElsewhere() {
  const sent: unknown[] = [];
  const server = createServer(({ headers }, response) => {
    sent.push(headers);
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { url: `http://127.0.0.1:${port}/`, sent, close: () => server.close() };
}

test('a page that meets a fault fails with its code and is tried as often as it should, and the lake has the exact rows or nothing', async ({
  world,
  fleetRedis,
}) => {
  const elsewhere = await startElsewhere();
  const faults = faultsOf(elsewhere.url);
  const items = makeItems(ROWS);
  for (const index of faults.keys()) await createTable(world.uri, tableOf(index), items);
  const source = await world.serve(SETTINGS);
  await world.worker(['--concurrency', '16']);
  const rig = { world, source, fleetRedis, items };

  const first = await runWithFaults(faults, 1, rig);
  expect(first).toMatchObject(faults.map((fault) => expectedOutcome(fault, false)));
  const always = await runWithFaults(faults, Number.POSITIVE_INFINITY, rig);
  expect(always).toMatchObject(faults.map((fault) => expectedOutcome(fault, true)));
  expect(elsewhere.sent).toEqual([]);
  elsewhere.close();
  seen.spoilt = spoiltTable(first, always);
});

const inTwoSeconds = () => new Date(Date.now() + 2000).toUTCString();

const RATE_LIMITS = [
  { name: '429, `Retry-After` in seconds', table: 'seconds', headers: () => ({ 'retry-after': '1' }) },
  { name: '429, `Retry-After` as a date', table: 'date', headers: () => ({ 'retry-after': inTwoSeconds() }) },
  { name: '429, `Retry-After: 0`', table: 'zero', headers: () => ({ 'retry-after': '0' }) },
  { name: '429 without `Retry-After`', table: 'missing', headers: () => ({}) },
];

test('a 429 uses up no attempt, whatever Retry-After says, and however often it comes', async ({
  world,
  fleetRedis,
}) => {
  const items = makeItems(ROWS);
  const names = [...RATE_LIMITS.map(({ table }) => table), 'again'];
  for (const name of names) await createTable(world.uri, name, items);
  const connection = { ...SETTINGS.connection, max_retries: 0 };
  const tables = Object.fromEntries(names.map((name) => [name, { batch_size: ROWS_PER_PAGE }]));
  const source = await world.serve({ connection, tables });
  for (const { table, headers } of RATE_LIMITS)
    source.spoil(isQueryFor(table, ROWS_PER_PAGE), (...answer) => refuse(429, headers())(...answer), 1);
  const again = source.spoil(isQueryFor('again', ROWS_PER_PAGE), refuse(429, { 'retry-after': '0' }));
  await world.worker(['--concurrency', '4']);
  const running = world.producer('run', '--report', 'report.json');
  await until(() => source.queries('again').filter(isQueryFor('again', ROWS_PER_PAGE)).length >= 4);
  expect(await world.lake.tables()).not.toContain('again');
  again.heal();
  expect((await running.ended).code).toBe(0);

  for (const name of names) {
    expect(differences(await world.lake.rows(name), items)).toEqual([]);
    const [{ runId = '' } = {}] = await world.lake.sql(`SELECT DISTINCT _run_id AS "runId" FROM "${name}"`);
    const job = await fleetRedis.queues.page.getJob(pageJobId(String(runId), 1));
    expect(job?.attemptsMade).toBe(1);
  }
  for (const { table, name } of RATE_LIMITS) {
    expect(source.queries(table).filter(isQueryFor(table, ROWS_PER_PAGE))).toHaveLength(2);
    seen.others.push([
      name,
      '`SOURCE_RATE_LIMITED`',
      'pause',
      '0',
      'waits, and asks again',
      'published: exact',
    ]);
  }
  const waits = 'waits and asks, more and more seldom';
  seen.others.push(['429 again and again', '`SOURCE_RATE_LIMITED`', 'pause', '0', waits, 'published: exact']);
});

test('a Retry-After of a day gives the page back and holds the queue for two minutes, and no longer', async ({
  world,
  fleetRedis,
}) => {
  const items = await world.items('items', ROWS);
  const source = await world.serve({ tables: { items: { batch_size: ROWS_PER_PAGE } } });
  const limit = source.spoil(isQueryFor('items', ROWS_PER_PAGE), refuse(429, { 'retry-after': '86400' }));
  const worker = await world.worker(['--concurrency', '1']);
  const running = world.producer('run');
  const { page } = fleetRedis.queues;
  const held = await until(async () => {
    const ttl = await page.getRateLimitTtl();
    return ttl > 60_000 && ttl;
  });
  expect(held).toBeLessThanOrEqual(120_000);
  const run = await world.lake.openRun('items');
  expect(await world.ask<RunStatus>('status', run.runId)).toMatchObject({ state: 'staging', failures: [] });
  expect(await world.lake.tables()).toEqual([]);

  limit.heal();
  await fleetRedis.redis.del(await fleetRedis.redis.keys(`${world.prefix}:pace:*`)); // the two minutes are over
  await page.removeRateLimitKey();
  await worker.kill('SIGTERM'); // it would look at the queue once in half a minute
  await world.worker();
  expect((await running.ended).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  const job = await page.getJob(pageJobId(run.runId, 1));
  expect(job?.attemptsMade).toBe(1);
  const waits = 'the page goes back to the queue, which rests for 2 minutes';
  seen.others.push([
    '429, `Retry-After` of a day',
    '`SOURCE_RATE_LIMITED`',
    'pause',
    '0',
    waits,
    'published: exact',
  ]);
});

test('a pinned version that is cleaned up in mid-run ends in VERSION_GONE with nothing published, and a new run publishes', async ({
  world,
}) => {
  const items = await world.items('items', ROWS);
  const source = await world.serve({ tables: { items: { batch_size: ROWS_PER_PAGE } } });
  const hold = source.hold(isQueryFor('items', ROWS_PER_PAGE));
  await world.worker();
  const running = world.producer('run');
  await hold.waiting(1);
  await editTable(world.uri, 'items', async (table) => {
    await table.delete('id = 0');
    await table.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  });
  hold.release();
  expect((await running.ended).code).toBe(1);
  const run = await world.lake.openRun('items');
  const status = await world.ask<RunStatus>('status', run.runId);
  expect(status.state).toBe('blocked');
  expect(status.failures).toMatchObject([
    { page: 1, code: 'VERSION_GONE', attempts: 1 },
    { page: 2, code: 'VERSION_GONE', attempts: 1 },
  ]);
  expect(await world.lake.tables()).toEqual([]);

  expect((await world.offload('cancel', run.runId)).code).toBe(0);
  expect((await world.offload('run')).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items.slice(1))).toEqual([]);
  const end = 'blocked: nothing; `cancel`, and a new run is published: exact';
  seen.others.push(['the pinned version cleaned up in mid-run', '`VERSION_GONE`', 'give-up', '1', '–', end]);
});

test('docs/faults.md says what these tests have seen', async () => {
  const document = faultsDocument(seen.spoilt, otherTable(seen.others));
  await expect(document).toMatchFileSnapshot('../../docs/faults.md');
});
