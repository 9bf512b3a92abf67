import { expect, vi } from 'vitest';
import { SCHEDULE_QUEUE } from '../../src/jobs/queues.ts';
import { countStarted, readCounts } from '../../src/jobs/schedule-counts.ts';
import {
  haveSchedulesBeenLost,
  listSchedules,
  reconcileSchedules,
  registerSchedules,
  removeSchedules,
  type Schedule,
} from '../../src/jobs/schedules.ts';
import { fleetTest, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(7);

const SOURCE = REQUEST.source;
const HOURLY: Schedule = { table: 'documents', pattern: '0 * * * *', timezone: 'UTC' };
const NIGHTLY: Schedule = { table: 'docs: größte/1', pattern: '30 2 * * *', timezone: 'Europe/Berlin' };
const SECONDLY: Schedule = { table: 'documents', pattern: '* * * * * *', timezone: 'UTC' };

/** The jobs that wait for their time: one per schedule. */
async function waiting({ fleet }: Rig) {
  return fleet.queues.schedule.getJobs(['delayed', 'waiting', 'prioritized']);
}

test('schedules are registered with their pattern, time zone and next time, and a job each', async ({
  rig,
}) => {
  const { fleet } = rig;
  expect(await registerSchedules([HOURLY, NIGHTLY], SOURCE, fleet)).toEqual([HOURLY.table, NIGHTLY.table]);
  const listed = await listSchedules(fleet);
  const next = new Map(listed.map(({ table, nextMs = 0 }) => [table, nextMs]));
  expect(listed.map(({ table, pattern, timezone }) => ({ table, pattern, timezone }))).toEqual(
    expect.arrayContaining([HOURLY, NIGHTLY]),
  );
  expect((next.get(HOURLY.table) ?? 0) % 3_600_000).toBe(0);
  const inBerlin = new Intl.DateTimeFormat('de', { timeStyle: 'short', timeZone: 'Europe/Berlin' });
  expect(inBerlin.format(next.get(NIGHTLY.table))).toBe('02:30');
  const jobs = await waiting(rig);
  expect(jobs.map(({ name, data }) => ({ name, data }))).toEqual(
    expect.arrayContaining(
      [HOURLY, NIGHTLY].map(({ table }) => ({
        name: table,
        data: expect.objectContaining({ table, source: SOURCE }),
      })),
    ),
  );
});

test('a schedule that is as it should be is left alone, with the job that waits', async ({ rig }) => {
  await registerSchedules([HOURLY], SOURCE, rig.fleet);
  const [before] = await waiting(rig);
  const second = await rig.secondFleet();
  expect(await reconcileSchedules([HOURLY], SOURCE, second)).toEqual({ registered: [], removed: [] });
  const [after] = await waiting(rig);
  expect(after?.timestamp).toBe(before?.timestamp);
});

for (const [what, changed] of [
  ['pattern', { ...HOURLY, pattern: '30 * * * *' }],
  ['time zone', { ...HOURLY, timezone: 'Europe/Berlin' }],
] as const) {
  test(`a schedule whose ${what} has changed is replaced, and its job too`, async ({ rig }) => {
    const { fleet } = rig;
    await registerSchedules([HOURLY], SOURCE, fleet);
    const reconciled = await reconcileSchedules([changed], SOURCE, fleet);
    expect(reconciled).toEqual({ registered: [HOURLY.table], removed: [] });
    expect(await listSchedules(fleet)).toEqual([expect.objectContaining(changed)]);
    expect(await waiting(rig)).toHaveLength(1);
  });
}

test('a schedule of another source is replaced', async ({ rig }) => {
  await registerSchedules([HOURLY], SOURCE, rig.fleet);
  expect(await registerSchedules([HOURLY], 'http://127.0.0.1:2', rig.fleet)).toEqual([HOURLY.table]);
  expect((await waiting(rig)).map(({ data }) => data.source)).toEqual(['http://127.0.0.1:2']);
});

test('reconciling removes the schedules of tables that have none any more, their jobs and their counts', async ({
  rig,
}) => {
  const { fleet } = rig;
  await registerSchedules([HOURLY, NIGHTLY], SOURCE, fleet);
  await countStarted(NIGHTLY.table, 'a-run', 1, fleet);
  await countStarted(HOURLY.table, 'a-run', 1, fleet);
  const { removed } = await reconcileSchedules([HOURLY], SOURCE, fleet);
  expect(removed).toEqual([NIGHTLY.table]);
  expect((await waiting(rig)).map(({ name }) => name)).toEqual([HOURLY.table]);
  expect((await readCounts(NIGHTLY.table, fleet)).started).toBe(0);
  expect((await readCounts(HOURLY.table, fleet)).started).toBe(1);
});

test('a removed schedule leaves no job, even one that was due already', async ({ rig }) => {
  const { fleet } = rig;
  await registerSchedules([HOURLY], SOURCE, fleet);
  const [job] = await waiting(rig);
  await job?.promote();
  expect(await removeSchedules([HOURLY.table, 'another'], fleet)).toEqual([HOURLY.table]);
  expect(await listSchedules(fleet)).toEqual([]);
  expect(await waiting(rig)).toEqual([]);
});

test('a schedule whose next job is gone is registered anew', async ({ rig }) => {
  const { fleet } = rig;
  await registerSchedules([HOURLY], SOURCE, fleet);
  const [job] = await waiting(rig);
  await fleet.redis.del(`${fleet.prefix}:${SCHEDULE_QUEUE}:${job?.id}`);
  await fleet.redis.del(`${fleet.prefix}:${SCHEDULE_QUEUE}:delayed`);
  expect(await registerSchedules([HOURLY], SOURCE, fleet)).toEqual([HOURLY.table]);
  expect(await waiting(rig)).toHaveLength(1);
});

test('a Redis that was emptied is told from one whose schedules were removed', async ({ rig }) => {
  const { fleet } = rig;
  await registerSchedules([HOURLY], SOURCE, fleet);
  expect(await haveSchedulesBeenLost(fleet)).toBe(false);
  await removeSchedules([HOURLY.table], fleet);
  expect(await haveSchedulesBeenLost(fleet)).toBe(false);
  await fleet.redis.flushdb();
  expect(await haveSchedulesBeenLost(fleet)).toBe(true);
});

test('a schedule that was missed several times fires once for them, and two workers share the rest', async ({
  rig,
}) => {
  const { fleet, work } = rig;
  await registerSchedules([SECONDLY], SOURCE, fleet);
  const [{ nextMs: missedMs = 0 } = {}] = await listSchedules(fleet);
  await vi.waitUntil(() => Date.now() > missedMs + 2000, { timeout: 10_000 });
  // A process that starts now leaves the missed one for whoever takes it.
  await reconcileSchedules([SECONDLY], SOURCE, fleet);
  const startedMs = Date.now();
  const dueMs: number[] = [];
  await new Promise<void>((resolve) => {
    const take = async ({ opts }: { opts: { prevMillis?: number } }) => {
      dueMs.push(opts.prevMillis ?? 0);
      if (dueMs.length === 4) resolve();
    };
    for (const _ of ['one process', 'another']) work(SCHEDULE_QUEUE, take);
  });
  expect(dueMs[0]).toBe(missedMs);
  expect(dueMs[1]).toBeGreaterThan(startedMs);
  expect(new Set(dueMs).size).toBe(dueMs.length);
});

test('jobs that have ended are kept by number, not for ever', async ({ rig }) => {
  await registerSchedules([HOURLY], SOURCE, rig.fleet);
  const [job] = await waiting(rig);
  expect(job?.opts).toMatchObject({ removeOnComplete: { count: 200 }, removeOnFail: { count: 200 } });
});
