import { hostname, userInfo } from 'node:os';
import { readInterventions, type RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences, until } from '../src/lake.ts';
import { descendantsOf, isRunning } from '../src/processes.ts';
import type { SourceRequest } from '../src/source.ts';

const SMALL_PAGES = { tables: { items: { batch_size: 100 } } };

const isQuery = ({ operation }: SourceRequest): boolean => operation === 'query';

test('a second run of a table that has an open one is refused with the open run’s id', async ({ world }) => {
  const items = await world.items('items', 300);
  const source = await world.serve(SMALL_PAGES);
  const hold = source.hold(isQuery);
  await world.worker();
  const first = world.producer('run');
  await hold.waiting(1);
  const run = await world.lake.openRun('items');

  const second = await world.offload('run', 'items');
  expect(second.code).toBe(1);
  expect(second.out).toContain(`[RUN_OPEN] Table "items" has an open run, ${run.runId}`);
  expect(second.out).toContain(`lance-offload cancel ${run.runId}`);
  const answer = await world.ask<object>('run', 'items');
  expect(answer).toMatchObject({
    tables: [],
    refused: [{ table: 'items', code: 'RUN_OPEN', details: { runId: run.runId } }],
  });

  hold.release();
  expect((await first.ended).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('a run over a version the lake holds already says so and reads no rows; a pause made meanwhile ends with it', async ({
  world,
  fleetRedis,
}) => {
  const items = await world.items('items', 300);
  const source = await world.serve(SMALL_PAGES);
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  const queries = source.queries('items').length;

  const hold = source.hold(({ operation }) => operation === 'describe');
  const following = world.producer('run');
  await hold.waiting(1);
  const [, runId = ''] = await following.says(/run (items-\S+)/);
  expect((await world.offload('pause', '--run', runId)).code).toBe(0);
  hold.release();
  const again = await following.ended;
  expect(again.code).toBe(0);
  expect(again.out).toContain('the lake holds version 1 already');
  expect(await fleetRedis.redis.exists(`${world.prefix}:pauses`)).toBe(0);
  expect(source.queries('items')).toHaveLength(queries);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('a cancelled run leaves nothing visible, and a new run works afterwards', async ({ world }) => {
  const items = await world.items('items', 500);
  const source = await world.serve(SMALL_PAGES);
  const hold = source.hold((request) => isQuery(request) && request.offset === 300);
  await world.worker();
  const following = world.producer('run');
  await hold.waiting(1);
  const run = await world.lake.openRun('items');

  const cancelled = await world.offload('cancel', run.runId);
  expect(cancelled).toMatchObject({ code: 0, out: expect.stringContaining(`Run ${run.runId} is cancelled`) });
  expect((await following.ended).code).toBe(1);
  expect(await world.lake.tables()).toEqual([]);
  expect(await world.ask<RunStatus>('status', run.runId)).toMatchObject({ state: 'cancelled' });
  const again = await world.offload('cancel', run.runId);
  expect(again).toMatchObject({ code: 1, err: expect.stringContaining('[RUN_CLOSED]') });
  hold.release();

  expect((await world.offload('run')).code).toBe(0);
  expect(await world.lake.tables()).toEqual(['items']);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('Ctrl-C leaves the run to the workers, says how to come back, and the run publishes', async ({
  world,
}) => {
  const items = await world.items('items', 500);
  const source = await world.serve(SMALL_PAGES);
  const hold = source.hold((request) => isQuery(request) && request.offset === 300);
  await world.worker();
  const following = world.producer('run');
  await hold.waiting(1);
  const run = await world.lake.openRun('items');

  const stopped = await following.kill('SIGINT');
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain('The workers go on without this command');
  expect(stopped.err).toContain('lance-offload run --resume');
  expect(stopped.err).toContain(run.runId);

  hold.release();
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('Ctrl-C on run --workers ends its workers and its Redis, and run --resume --workers finishes', async ({
  world,
}) => {
  const items = await world.items('items', 1000);
  const source = await world.serve({ ...SMALL_PAGES, redis: undefined });
  const hold = source.hold((request) => isQuery(request) && (request.offset ?? 0) >= 300);
  const following = world.producer('run', '--workers', '1');
  await hold.waiting(1);
  const run = await world.lake.openRun('items');
  const own = await descendantsOf(following.pid);
  expect(own).not.toEqual([]);

  following.send('SIGINT');
  await following.says(/Stopping the workers of this command/);
  hold.release();
  const stopped = await following.ended;
  expect(stopped.code).toBe(130);
  expect(stopped.err).toContain('lance-offload run --resume --workers');
  await until(async () => !(await Promise.all(own.map(isRunning))).includes(true));
  expect(await world.lake.tables()).toEqual([]);

  const resumed = await world.offload('run', '--resume', run.runId, '--workers', '1');
  expect(resumed.code).toBe(0);
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true, pages: 10 });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('who retries or cancels a run from the command line is logged, and how it ended', async ({
  world,
  fleetRedis,
}) => {
  await world.items('items', 300);
  const source = await world.serve({ ...SMALL_PAGES, connection: { max_retries: 0 } });
  source.refuse(isQuery, 400, 'not now');
  await world.worker();
  await world.offload('run');
  const { runId } = await world.lake.openRun('items');
  expect((await world.offload('retry', runId)).code).toBe(0);
  expect((await world.offload('cancel', runId)).code).toBe(0);
  expect((await world.offload('cancel', runId)).code).toBe(1);

  const interventions = await readInterventions({ redis: fleetRedis.redis, prefix: world.prefix }, 10);
  expect(interventions.map(({ action, target, outcome }) => [action, target, outcome])).toEqual([
    ['cancel', runId, 'failed'],
    ['cancel', runId, 'done'],
    ['retry', runId, 'done'],
  ]);
  const actor = `cli:${userInfo().username}@${hostname()}`;
  expect(new Set(interventions.map(({ actor: who }) => who))).toEqual(new Set([actor]));
});
