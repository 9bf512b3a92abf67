import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';

const ROWS_PER_PAGE = 100;

test('with Redis emptied in mid-run, run --resume finishes from the lake and fetches no staged page again', async ({
  world,
  ownDatabase,
}) => {
  const items = await world.items('items', 2000);
  const source = await world.serve({ tables: { items: { batch_size: ROWS_PER_PAGE } } });
  const hold = source.hold(({ operation, offset = 0 }) => operation === 'query' && offset >= 700);
  await world.worker(['--concurrency', '2']);
  const following = world.producer('run');
  await hold.waiting(2);
  await ownDatabase.flushdb();

  const lost = await following.ended;
  const run = await world.lake.openRun('items');
  expect(lost.code).toBe(1);
  expect(lost.out).toContain(`lance-offload run --resume ${run.runId}`);
  const staged = await world.lake.receipts(run);
  expect(staged).toEqual([0, 1, 2, 3, 4, 5, 6]);

  const resumed = world.producer('run', '--resume', run.runId);
  hold.release();
  expect((await resumed.ended).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  expect(await world.lake.ended(run)).toMatchObject({
    state: 'published',
    verified: true,
    pages: 20,
    lakeRows: 2000,
  });
  const asked = source.queries('items').map(({ offset = 0 }) => offset / ROWS_PER_PAGE);
  for (const page of staged) expect(asked.filter((other) => other === page)).toEqual([page]);
});
