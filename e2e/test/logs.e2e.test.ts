import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { until } from '../src/lake.ts';

type Line = Readonly<Record<string, unknown>>;

function linesOf(said: string): Line[] {
  const lines = said.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line): Line => JSON.parse(line));
}

/** Lines that are about the process, not about a run. */
const OF_THE_PROCESS = /^(?:worker ready|shutting down|the fleet’s counts)/;

test('every line of a worker and a producer about a run names the run, its table, and the page where there is one', async ({
  world,
}) => {
  await world.items('sound', 250);
  await world.items('broken', 100);
  const source = await world.serve({
    tables: { sound: { batch_size: 100 }, broken: {} },
    connection: { max_retries: 1 },
  });
  const refusal = source.refuse(
    ({ table, operation }) => table === 'broken' && operation === 'query',
    400,
    'no such column',
  );
  const worker = await world.worker(['--log-level', 'debug']);
  const run = await world.offload('--log-level', 'debug', 'run');
  expect(run.code).toBe(1);
  refusal.heal();
  const { runId } = await world.lake.openRun('broken');
  await world.offload('retry', runId);
  await until(() => worker.said.match(/run published/g)?.length === 2);
  await worker.kill('SIGTERM');

  const lines = [...linesOf(worker.said), ...linesOf(run.err)];
  const about = lines.filter(({ msg }) => !OF_THE_PROCESS.test(String(msg)));
  for (const line of about)
    expect(line).toMatchObject({
      runId: expect.stringMatching(/^(?:sound|broken)-\d{8}T\d{6}Z-[\da-f]{4}$/),
      table: expect.stringMatching(/^(?:sound|broken)$/),
    });
  const pages = about.filter(
    ({ msg }) => msg === 'page staged' || String(msg).startsWith('[SOURCE_REJECTED]'),
  );
  expect(pages).toHaveLength(5);
  for (const page of pages) expect(page).toMatchObject({ page: expect.any(Number) });
  const said = (table: string) => about.filter((line) => line['table'] === table).map(({ msg }) => msg);
  expect(said('sound')).toEqual(expect.arrayContaining(['run planned', 'page staged', 'run published']));
  expect(said('broken')).toEqual(expect.arrayContaining([expect.stringContaining('no such column')]));
});
