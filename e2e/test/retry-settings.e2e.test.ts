import { expect } from 'vitest';
import { refuse } from '../src/faults.ts';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import type { Spoil } from '../src/source.ts';

/** Refuses, and notes when. */
function refusing(times: number[]): Spoil {
  return (...answer) => {
    times.push(performance.now());
    refuse(503)(...answer);
  };
}

/** Sends the answer in eight parts, half a second after one another. */
const slowly: Spoil = async (response, genuine) => {
  const body = await genuine();
  const part = Math.ceil(body.length / 8);
  for (let sent = 0; sent < body.length; sent += part) {
    response.write(body.subarray(sent, sent + part));
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  response.end();
};

const gapsOf = (times: readonly number[]): number[] =>
  times.slice(1).map((time, index) => time - (times[index] ?? time));

test('max_retries is how often a page and a metadata call are tried again, after initial_retry_delay and twice as long each time', async ({
  world,
}) => {
  await world.items('items', 20);
  await world.items('unplanned', 20);
  const connection = { max_retries: 3, initial_retry_delay: 0.4 };
  const source = await world.serve({ connection });
  const [pages, counts]: [number[], number[]] = [[], []];
  source.spoil(({ table, operation }) => table === 'items' && operation === 'query', refusing(pages));
  source.spoil(
    ({ table, operation }) => table === 'unplanned' && operation === 'count_rows',
    refusing(counts),
    connection.max_retries + 1,
  );
  await world.worker();
  expect((await world.offload('run', 'items')).code).toBe(1);
  expect(pages).toHaveLength(connection.max_retries + 1);
  // Jitter takes away up to half of a delay.
  const [first = 0, second = 0, third = 0] = gapsOf(pages);
  expect(first).toBeGreaterThanOrEqual(200);
  expect(second).toBeGreaterThanOrEqual(400);
  expect(third).toBeGreaterThanOrEqual(800);

  // The plan is a job, too: what its calls could not do in their attempts, its next attempt does.
  expect((await world.offload('run', 'unplanned')).code).toBe(0);
  expect(counts).toHaveLength(connection.max_retries + 1);
});

test('with max_retries 0 a page that fails is not tried again', async ({ world }) => {
  await world.items('items', 20);
  const source = await world.serve({ connection: { max_retries: 0 } });
  source.spoil(({ operation }) => operation === 'query', refuse(503));
  await world.worker();
  expect((await world.offload('run')).code).toBe(1);
  expect(source.queries('items')).toHaveLength(1);
});

test('request_timeout is for an answer to begin, and for a pause within it, not for all of it', async ({
  world,
}) => {
  const items = await world.items('items', 20);
  const source = await world.serve({ connection: { max_retries: 0, request_timeout: 2 } });
  source.spoil(({ operation }) => operation === 'query', slowly);
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  expect(source.queries('items')).toHaveLength(1);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});
