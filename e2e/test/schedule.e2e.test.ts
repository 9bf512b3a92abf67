import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences, until } from '../src/lake.ts';
import { descendantsOf, isRunning } from '../src/processes.ts';
import type { Program } from '../src/programs.ts';
import { startRedis } from '../src/redis-server.ts';
import type { SourceRequest } from '../src/source.ts';
import type { World } from '../src/world.ts';

const EVERY_SECOND = { batch_size: 100, schedule: '* * * * * *' };

interface Standing {
  readonly table: string;
  readonly registered: boolean;
  readonly next: string | null;
  readonly started: number;
  readonly skipped: number;
  readonly failed: number;
  readonly lastRunId?: string;
  readonly openRunId?: string;
  readonly lastErrorCode?: string;
}

interface Listing {
  readonly processes: number;
  readonly schedules: readonly Standing[];
}

const isQuery = ({ operation }: SourceRequest): boolean => operation === 'query';

const listing = (world: World): Promise<Listing> => world.ask<Listing>('schedule', '--list');

/** Waits until a table's schedule has come to something. */
function standing(world: World, table: string, isSo: (standing: Standing) => boolean): Promise<Standing> {
  return until(async () => {
    const { schedules } = await listing(world);
    return schedules.find((schedule) => schedule.table === table && isSo(schedule));
  });
}

/** Ids of the runs that these processes say they have started. */
function runsOf(programs: readonly Program[]): string[] {
  const said = programs.map((program) => program.said).join('\n');
  return [...said.matchAll(/started run (\S+)/g)].map(([, runId = '']) => runId);
}

/** How often the schedule has come due, as a process says. The run that Redis lost keeps later ones from starting. */
const ticksOf = ({ said }: Program): number => said.match(/items: (?:started|skipped)/g)?.length ?? 0;

test('a table is offloaded by its schedule; while its run is open what comes due is skipped and counted; with two processes no run doubles', async ({
  world,
}) => {
  const items = await world.items('items', 500);
  const source = await world.serve({ tables: { items: EVERY_SECOND } });
  const hold = source.hold((request) => isQuery(request) && request.offset === 300);
  await world.worker();
  const processes = [world.producer('schedule'), world.producer('schedule')];
  for (const process of processes) await process.says(/items: \* \* \* \* \* \*, next 20\d\d-/);
  await hold.waiting(1);
  const run = await world.lake.openRun('items');

  const held = await standing(world, 'items', ({ skipped }) => skipped >= 3);
  expect(held).toMatchObject({ started: 1, failed: 0, lastRunId: run.runId, openRunId: run.runId });
  expect((await listing(world)).processes).toBe(2);
  expect(runsOf(processes)).toEqual([run.runId]);
  hold.release();
  expect(await world.lake.ended(run)).toMatchObject({ state: 'published', verified: true });
  await standing(world, 'items', ({ started }) => started >= 3);

  const stopped = await Promise.all(processes.map((process) => process.kill('SIGINT')));
  for (const { code, err } of stopped) {
    expect(code).toBe(0);
    expect(err).toContain('The schedules stay registered');
  }
  expect(stopped.map(({ err }) => err).join('')).toContain(
    `items: skipped: [RUN_OPEN] Table "items" has an open run, ${run.runId} (staging)`,
  );
  const runs = runsOf(processes);
  expect(new Set(runs).size).toBe(runs.length);
  const { schedules } = await listing(world);
  expect(schedules).toMatchObject([{ table: 'items', registered: true, started: runs.length, failed: 0 }]);
  expect(runs).toEqual(expect.arrayContaining(await world.lake.staging.listRuns('items')));
  const asked = source.queries('items').map(({ offset = 0 }) => offset);
  expect(asked.toSorted((a, b) => a - b)).toEqual([0, 100, 200, 300, 400]);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('schedules that are cleared are in Redis no more, and are listed as not registered', async ({
  world,
  fleetRedis,
}) => {
  await world.serve({ tables: { items: { schedule: '0 0 * * *' }, people: { schedule: '30 2 * * MON' } } });
  const process = world.producer('schedule');
  await process.says(/people: 30 2 \* \* MON, next 20\d\d-.*T02:30:00Z/);
  expect((await process.kill('SIGTERM')).code).toBe(0);
  const text = await world.offload('schedule', '--list');
  expect(text.out).toMatch(/items +│ 0 0 \* \* \* +│ 20\d\d-\d\d-\d\dT00:00:00Z │ +0 │ +0 │ +0 │/);
  expect(text.out).toContain('No `lance-offload schedule` is running');

  expect(await world.ask('schedule', '--clear', 'items')).toEqual({ removed: ['items'] });
  expect((await listing(world)).schedules).toMatchObject([
    { table: 'items', registered: false, next: null },
    { table: 'people', registered: true },
  ]);
  expect((await world.offload('schedule', '--clear')).out).toBe('Removed the schedule of people.\n');
  expect(await fleetRedis.queues.schedule.getJobCountByTypes('delayed', 'waiting')).toBe(0);
});

test('a table that is gone and a plan that fails are counted and said with their code, and stop nothing else', async ({
  world,
}) => {
  const items = await world.items('items', 300);
  const broken = await world.items('broken', 300);
  const source = await world.serve({
    connection: { max_retries: 0 },
    tables: { absent: EVERY_SECOND, broken: EVERY_SECOND, items: EVERY_SECOND },
  });
  const refusal = source.refuse(
    ({ table, operation }) => table === 'broken' && operation === 'describe',
    400,
    'the manifest cannot be read',
  );
  await world.worker();
  const process = world.producer('schedule');
  await process.says(/absent: no run was started: \[SOURCE_NOT_FOUND\]/);
  await process.says(/broken: run \S+ could not be planned: \[SOURCE_REJECTED\].*manifest cannot be read/);
  expect(await standing(world, 'absent', ({ failed }) => failed >= 2)).toMatchObject({
    started: 0,
    lastErrorCode: 'SOURCE_NOT_FOUND',
  });
  expect(await standing(world, 'broken', ({ failed }) => failed >= 1)).toMatchObject({
    lastErrorCode: 'SOURCE_REJECTED',
  });
  await until(async () => (await world.lake.tables()).includes('items'));

  refusal.heal();
  await until(async () => (await world.lake.tables()).includes('broken'));
  expect((await process.kill('SIGINT')).code).toBe(0);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  expect(differences(await world.lake.rows('broken'), broken)).toEqual([]);
});

test('when Redis goes away and comes back empty, the schedules are there again and go on', async ({
  world,
}) => {
  await world.items('items', 300);
  world.redisUrl = await startRedis(world, []);
  const redis = world.programs.at(-1);
  await world.serve({ tables: { items: EVERY_SECOND } });
  await world.worker();
  const process = world.producer('schedule');
  await process.says(/started run/);
  await redis?.kill('SIGKILL');
  await process.says(/Redis does not answer/);
  const before = ticksOf(process);
  const { port } = new URL(world.redisUrl);
  await world.spawn('redis-server', ['--port', port, '--save', '']).says(/Ready to accept connections/);
  await process.says(/Redis has lost the schedules/);
  await until(() => ticksOf(process) >= before + 3);
  // Gone for good this time: that must not keep the process from ending.
  await world.programs.at(-1)?.kill('SIGKILL');
  expect((await process.kill('SIGINT')).code).toBe(0);
});

test('schedule --workers brings its own workers and Redis, and ends them with itself', async ({ world }) => {
  const items = await world.items('items', 300);
  await world.serve({ tables: { items: EVERY_SECOND }, redis: undefined });
  const process = world.producer('schedule', '--workers', '1', '--json');
  const [line] = await process.says(/^\{"at".*"event":"started".*\}$/m);
  const { table, runId }: { table: string; runId: string } = JSON.parse(line);
  expect(await world.lake.ended({ destination: table, runId })).toMatchObject({ state: 'published' });
  const own = await descendantsOf(process.pid);
  expect(own).not.toEqual([]);
  const { code, err } = await process.kill('SIGINT');
  expect(code).toBe(0);
  expect(err).toContain('Stopping the workers of this command');
  await until(async () => !(await Promise.all(own.map(isRunning))).includes(true));
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('without a schedule in the configuration, or with a wrong one, the option is named and the exit code is 78', async ({
  world,
}) => {
  await world.serve({ tables: { items: {} } });
  const none = await world.offload('schedule');
  expect(none.code).toBe(78);
  expect(none.err).toMatch(/\[CONFIG_INVALID\] No table in \S+ has a schedule; set tables\.NAME\.schedule/);
  await world.serve({ tables: { items: { schedule: '0 * * * *' } } });
  const unknown = await world.offload('schedule', 'people');
  expect(unknown).toMatchObject({ code: 78, err: expect.stringContaining('set tables.people.schedule') });
  await world.serve({ tables: { items: { schedule: '0 25 * * *' } } });
  const wrong = await world.offload('schedule', '--list');
  expect(wrong).toMatchObject({
    code: 78,
    err: expect.stringContaining('tables.items.schedule: its hour is'),
  });
  expect((await world.offload('schedule', '--list', '--clear')).code).toBe(2);
});
