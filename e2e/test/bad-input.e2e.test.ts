import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { fingerprint } from '../src/files.ts';
import { test } from '../src/fixtures.ts';
import { startRedis } from '../src/redis-server.ts';
import type { World } from '../src/world.ts';

const lakeFiles = (world: World) => fingerprint(path.join(world.folder, 'lake'));

test('an unknown table ends with 1 and names the nearest', async ({ world }) => {
  await world.items('items', 10);
  await world.serve();
  const { code, err } = await world.offload('run', 'itmes');
  expect(code).toBe(1);
  expect(err).toContain('[SOURCE_NOT_FOUND]');
  expect(err).toContain('has no table "itmes" (did you mean "items"?)');
  expect(err).toContain('lance-offload tables');
  expect(await lakeFiles(world)).toEqual({});
});

test('a refused key ends with 1 and says which variable to look at', async ({ world }) => {
  await world.items('items', 10);
  await world.serve({}, { apiKey: 'another-key' });
  const { code, err } = await world.offload('run');
  expect(code).toBe(1);
  expect(err).toContain('[SOURCE_UNAUTHORIZED] Could not list the tables');
  expect(err).toContain('answered 401: Unauthorized: the x-api-key is not the right one');
  expect(err).toContain('LANCEDB_API_KEY');
  expect(await lakeFiles(world)).toEqual({});
});

test('a host that cannot be reached ends with 1 and is named', async ({ world }) => {
  await world.configure('http://127.0.0.1:1', { connection: { max_retries: 0 } });
  const { code, err } = await world.offload('run');
  expect(code).toBe(1);
  expect(err).toContain('[SOURCE_UNAVAILABLE] Could not list the tables: no answer from http://127.0.0.1:1');
  expect(err).toContain('reachable');
  expect(await lakeFiles(world)).toEqual({});
});

test('a missing configuration ends with 78 and says where it was looked for', async ({ world }) => {
  for (const program of [world.producer('run'), world.producer('tables')]) {
    const { code, err } = await program.ended;
    expect(code).toBe(78);
    expect(err).toContain(
      `[CONFIG_INVALID] No configuration: ${path.join(world.folder, 'offload.yaml')} cannot be read`,
    );
    expect(err).toContain('--config FILE');
  }
});

test('a configuration with five mistakes ends with 78 and names all five at once', async ({ world }) => {
  await world.writeConfig(`
connection: { api_key: key, project_name: "https://x.example", max_retrys: 3 }
queue_prefix: "with:colon"
lake: ./lake
tables:
  items: { batch_size: 20000, colums: [id] }
`);
  const { code, err } = await world.offload('run');
  expect(code).toBe(78);
  expect(err).toContain('5 problems in');
  expect(err).toContain('- connection.project_name: must be a project name, not a URL');
  expect(err).toContain('- connection.max_retrys: unknown key; did you mean `max_retries`?');
  expect(err).toContain('- queue_prefix: must not contain colons or white space');
  expect(err).toMatch(/- tables\.items\.batch_size: .*10000/);
  expect(err).toContain('- tables.items.colums: unknown key; did you mean `columns`?');
});

test('without Redis a run ends with 1 and says where none answers', async ({ world }) => {
  await world.items('items', 10);
  await world.serve({ redis: 'redis://:hidden@127.0.0.1:1' });
  const { code, err } = await world.offload('run');
  expect(code).toBe(1);
  expect(err).toContain('[REDIS_UNAVAILABLE] No Redis answers at redis://:***@127.0.0.1:1');
  expect(err).toContain('REDIS_URL');
  expect(err).not.toContain('hidden');
  expect(await lakeFiles(world)).toEqual({});
});

test('a Redis that may evict jobs ends producer and worker with 78', async ({ world }) => {
  await world.items('items', 10);
  world.redisUrl = await startRedis(world, ['--maxmemory-policy', 'allkeys-lru']);
  await world.serve();
  const worker = world.lanceWorker();
  for (const { code, err } of [await world.offload('run'), await worker.ended]) {
    expect(code).toBe(78);
    expect(err).toContain('has maxmemory-policy allkeys-lru');
    expect(err).toContain('maxmemory-policy noeviction');
  }
  expect(await lakeFiles(world)).toEqual({});
});

test('a lake that cannot be written ends with 1 before anything is enqueued', async ({
  world,
  fleetRedis,
}) => {
  await world.items('items', 10);
  const source = await world.serve({ lake: './notes.txt/lake' });
  await writeFile(path.join(world.folder, 'notes.txt'), 'not a folder');
  const { code, err } = await world.offload('run');
  expect(code).toBe(1);
  expect(err).toContain('[LAKE_UNAVAILABLE]');
  expect(err).toContain('a part of the path is not a folder');
  expect(await fleetRedis.enqueuedPages()).toBe(0);
  expect(source.queries('items')).toEqual([]);
});

test('a lake made by a newer version ends with 1 and is not changed', async ({ world }) => {
  await world.items('items', 10);
  const source = await world.serve();
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  const entry = path.join(world.folder, 'lake/tables/items/_delta_log/00000000000000000000.json');
  const text = await readFile(entry, 'utf8');
  const newer = text.replace('"lanceOffload.formatVersion":"3"', '"lanceOffload.formatVersion":"4"');
  expect(newer).not.toBe(text);
  await writeFile(entry, newer);
  const opening = path.join(world.folder, 'lake/tables/items/_offload/openings/9999999998.json');
  const opened = await readFile(opening, 'utf8');
  await writeFile(opening, opened.replace('"formatVersion": 3', '"formatVersion": 4'));
  const before = await lakeFiles(world);
  const queries = source.queries('items').length;

  for (const { code, err, out } of [await world.offload('run'), await world.offload('history', 'items')]) {
    expect(code).toBe(1);
    expect(out + err).toContain('[LAKE_TOO_NEW]');
    expect(out + err).toContain('Upgrade lance-offload');
  }
  const query = await world.offload('query', 'SELECT count(*) FROM items');
  expect(query.code).toBe(1);
  expect(query.err).toContain('table "items" is left out: [LAKE_TOO_NEW]');
  expect(await lakeFiles(world)).toEqual(before);
  expect(source.queries('items')).toHaveLength(queries);
});

test('wrong usage ends with 2', async ({ world }) => {
  const cases = [['--nonsense'], ['run', '--workers', '0'], ['frobnicate'], ['status', 'a', 'b'], ['query']];
  for (const args of cases) {
    const { code, err } = await world.offload(...args);
    expect({ args, code }).toEqual({ args, code: 2 });
    expect(err).toContain('--help');
  }
  const worker = await world.lanceWorker('--concurrency', 'many').ended;
  expect(worker).toMatchObject({ code: 2, err: expect.stringContaining('whole number') });
});
