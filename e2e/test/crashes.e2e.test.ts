import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences, until } from '../src/lake.ts';
import { BINS } from '../src/programs.ts';
import type { SourceRequest } from '../src/source.ts';

const ROWS = 6003;
const ROWS_PER_PAGE = 10;
const PAGES = 601;
const ENQUEUED = 240;

test('a worker killed in mid-page and a producer killed in mid-plan leave a lake with every row once', async ({
  world,
  fleetRedis,
}) => {
  const items = await world.items('items', ROWS);
  const source = await world.serve({ tables: { items: { batch_size: ROWS_PER_PAGE } } });

  const redis = await world.cutRedis(`.page-000${ENQUEUED}`);
  const planning = world.start(BINS.offload, ['run'], { REDIS_URL: redis.url });
  await redis.cut;
  await until(async () => (await fleetRedis.enqueuedPages()) === ENQUEUED);
  await planning.kill('SIGKILL');

  // The first worker is alone until it holds three pages, so that they are surely its own.
  const isLater = ({ offset = 0 }: SourceRequest) => offset >= 10 * ROWS_PER_PAGE;
  const hold = source.hold((request) => request.operation === 'query' && isLater(request));
  const doomed = await world.worker(['--concurrency', '3']);
  await hold.waiting(3);
  const inHand = source.queries('items').filter(isLater);
  await world.worker(['--concurrency', '2']);
  await hold.waiting(5);
  await doomed.kill('SIGKILL');
  hold.release();

  const run = await world.lake.openRun('items');
  const again = await world.offload('run', '--report', 'report.json');
  expect(again.err).toContain(`run ${run.runId} was left while it was planned`);
  expect(again.code).toBe(0);

  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  const report = await world.lake.ended(run);
  expect(report).toMatchObject({
    state: 'published',
    verified: true,
    sourceRows: ROWS,
    lakeRows: ROWS,
    distinctRowIds: ROWS,
    pages: PAGES,
  });
  const receipts = await Promise.all(
    (await world.lake.receipts(run)).map((index) => world.lake.staging.readReceipt(run, index)),
  );
  expect(receipts).toHaveLength(PAGES);
  expect(receipts.reduce((sum, receipt) => sum + (receipt?.rows ?? 0), 0)).toBe(ROWS);
  const asked = source.queries('items').map(({ offset }) => offset);
  for (const { offset } of inHand) expect(asked.filter((other) => other === offset)).toHaveLength(2);
});
