import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';

const LIMIT = 25;
const PAGES = 300;
const WORKERS = 4;

test('four workers share a limit of 25 requests a second: at most 5 % are answered 429, and no page fails', async ({
  world,
}) => {
  const items = await world.items('items', PAGES * 4);
  const server = await world.serveApart(['--rate-limit', String(LIMIT)], {
    tables: { items: { batch_size: 4 } },
    connection: { max_retries: 0 },
  });
  const workers = await Promise.all(Array.from({ length: WORKERS }, () => world.worker()));
  const { code } = await world.offload('run');
  expect(code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);

  const statuses = [...server.said.matchAll(/"path":"[^"]*\/query\/?","status":(\d+)/g)].map(
    ([, status]) => status,
  );
  const refused = statuses.filter((status) => status === '429').length;
  expect(statuses.length - refused).toBe(PAGES);
  expect(refused).toBeGreaterThan(0);
  expect(refused / statuses.length).toBeLessThanOrEqual(0.05);
  for (const worker of workers) expect(worker.said).not.toContain('"code":');
});
