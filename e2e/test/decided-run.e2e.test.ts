import { connect } from '@lancedb/lancedb';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';

test('a run that is decided to be committed needs the source no more: its table may be made anew, and Redis emptied', async ({
  world,
  ownDatabase,
}) => {
  const items = await world.items('items', 300);
  const source = await world.serve({ tables: { items: { batch_size: 100 } } });
  let listed = 0;
  const hold = source.hold(({ operation }) => operation === 'version/list' && ++listed > 1);
  const worker = await world.worker();
  const following = world.producer('run');
  await hold.waiting(1); // the commit, just before its decision
  const run = await world.lake.openRun('items');
  await worker.kill('SIGKILL');
  await following.kill('SIGKILL');
  await world.lake.staging.decide(run, 'commit');
  hold.release();
  const db = await connect(world.uri);
  await db.dropTable('items');
  db.close();
  await world.items('items', 100);
  await ownDatabase.flushdb();

  const resumed = await world.offload('run', '--resume', run.runId, '--workers', '1');
  expect([resumed.code, resumed.err]).toEqual([0, expect.not.stringContaining('VERSION_GONE')]);
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('a run that is cancelled while it is planned leaves nothing in the queues that waits for ever', async ({
  world,
  fleetRedis,
}) => {
  await world.items('items', 300);
  const source = await world.serve();
  const hold = source.hold(({ operation }) => operation === 'describe');
  await world.worker();
  const following = world.producer('run');
  await hold.waiting(1);
  const [, runId = ''] = await following.says(/run (items-\S+)/);
  expect((await world.offload('cancel', runId)).code).toBe(0);
  hold.release();
  expect((await following.ended).code).toBe(1);
  const waiting = (queue: string) =>
    fleetRedis.redis.exists(`${world.prefix}:${queue}:failed`, `${world.prefix}:${queue}:waiting-children`);
  await expect.poll(() => waiting('offload-plan')).toBe(0);
  await expect.poll(() => waiting('offload-commit')).toBe(0);
});
