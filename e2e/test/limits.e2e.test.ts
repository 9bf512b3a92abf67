import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import type { World } from '../src/world.ts';

const ROWS = 3700;

async function offloadedThrough(
  args: readonly string[],
  world: World,
): Promise<{ code: number | null; table: string; requests: number }> {
  const table = `items${args.join('').replaceAll('-', '_')}`;
  const server = await world.serveApart(args, { tables: { items: { destination_table: table } } });
  const worker = await world.worker();
  const { code } = await world.offload('run', '--report', 'report.json');
  await Promise.all([worker.kill('SIGTERM'), server.kill('SIGTERM')]);
  const run = await world.lake.sql(`SELECT DISTINCT _run_id AS "runId" FROM "${table}"`);
  const report = await world.lake.ended({ destination: table, runId: String(run[0]?.['runId']) });
  return { code, table, requests: report.requests };
}

test('a server that caps k at 500, or compresses with lz4 or zstd, changes nothing in the result', async ({
  world,
}) => {
  const items = await world.items('items', ROWS);
  const plain = await offloadedThrough([], world);
  expect(plain).toEqual({ code: 0, table: 'items', requests: 4 });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  const hashed = (table: string) =>
    world.lake.sql(`SELECT * EXCLUDE (_run_id, _offloaded_at) FROM "${table}" ORDER BY id`);
  const expected = await hashed('items');

  const cases = [
    { args: ['--max-k', '500'], requests: 8 },
    { args: ['--compression', 'lz4'], requests: 4 },
    { args: ['--compression', 'zstd'], requests: 4 },
  ];
  for (const { args, requests } of cases) {
    const through = await offloadedThrough(args, world);
    expect(through).toMatchObject({ code: 0, requests });
    expect(differences(await hashed(through.table), expected)).toEqual([]);
  }
});
