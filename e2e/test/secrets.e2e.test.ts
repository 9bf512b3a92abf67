import path from 'node:path';
import { expect } from 'vitest';
import { readFiles } from '../src/files.ts';
import { test } from '../src/fixtures.ts';
import { until } from '../src/lake.ts';
import { redisContents } from '../src/redis-contents.ts';
import type { World } from '../src/world.ts';

/** Errors of every kind that the key could ride in. */
async function provokeErrors(world: World): Promise<void> {
  const key = world.apiKey;
  const strict = await world.serve({ connection: { max_retries: 0 } });
  strict.refuse(() => true, 401, `no project has the key ${key}, ${'or had it '.repeat(50)}: ${key}`);
  await world.offload('--log-level', 'debug', 'tables');
  await world.offload('--log-level', 'debug', 'run', '--json');
  const busy = await world.serve({ connection: { max_retries: 1 } });
  busy.refuse(() => true, 503, `too many requests with ${key}`);
  await world.offload('--log-level', 'debug', 'tables');
  await world.configure('http://127.0.0.1:1', { connection: { max_retries: 0 } });
  await world.offload('tables');
  await world.configure(`http://user:${key}@127.0.0.1:1`, { connection: { max_retries: 0 } });
  await world.offload('tables');
  for (const connection of [
    `{ api_key: "${key} ", project_name: e2e, region: [1], max_retries: "${key}" }`,
    `{ api_key: ["${key}"], project_name: "${key}/x", host: "${key}" }`,
    `{ api_key: "${key}", api_kee: "${key}`,
    `\n  api_key: ${key}\n  api_key: ${key}\n  project_name: e2e`,
  ]) {
    await world.writeConfig(`connection: ${connection}\nlake: ./lake\n`);
    const { code } = await world.offload('tables');
    expect(code).toBe(78);
  }
}

test('the API key is in no Redis key or value, no output or log, no file of the lake and no error', async ({
  world,
  ownDatabase,
}) => {
  const key = world.apiKey;
  await world.items('sound', 300);
  await world.items('broken', 300);
  const source = await world.serve({
    tables: { sound: { batch_size: 100 }, broken: { batch_size: 100 } },
    connection: { max_retries: 2 },
  });
  const refusal = source.refuse(
    ({ table, operation }) => table === 'broken' && operation === 'query',
    400,
    `the key ${key} may not read this; ${key}`,
  );
  const worker = await world.worker(['--log-level', 'debug']);
  const run = await world.offload('--log-level', 'debug', 'run');
  expect(run).toMatchObject({ code: 1, out: expect.stringContaining('[redacted]') });
  const { runId } = await world.lake.openRun('broken');
  await world.offload('status', runId, '--json');
  const blocked = await redisContents(ownDatabase);
  refusal.heal();
  await world.offload('retry', runId);
  await world.lake.ended({ destination: 'broken', runId });
  await until(() => worker.said.includes('run published'));
  await provokeErrors(world);
  await worker.kill('SIGTERM');

  const inRedis = blocked + (await redisContents(ownDatabase));
  expect(inRedis).toContain(runId);
  expect(inRedis).toContain('may not read this');
  const said = world.programs.map((program) => program.said).join('\n');
  expect(said).toContain('[SOURCE_UNAUTHORIZED]');
  const files = await readFiles(path.join(world.folder, 'lake'));
  expect([...files.keys()]).toEqual(
    expect.arrayContaining([
      'lake.duckdb',
      `tables/broken/_offload/${runId}/plan.json`,
      expect.stringContaining(`tables/broken/data/${runId}/page-000000.`),
    ]),
  );
  // A part of the key would do as well for a thief: text cut in the wrong order leaves one.
  for (const secret of [key, key.slice(0, 12), Buffer.from(key).toString('base64')]) {
    expect(inRedis).not.toContain(secret);
    expect(said).not.toContain(secret);
    expect([...files].filter(([name, bytes]) => name.includes(secret) || bytes.includes(secret))).toEqual([]);
  }
});
