import { expect } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { PAYLOAD_VERSION, emptyReport } from '@lance-offload/core';
import {
  fireSchedule,
  type FireDeps,
  type ScheduleOutcome,
  type Tick,
} from '../../src/jobs/fire-schedule.ts';
import type { FleetLink } from '../../src/jobs/fleet-link.ts';
import { PLAN_QUEUE } from '../../src/jobs/queues.ts';
import { readCounts } from '../../src/jobs/schedule-counts.ts';
import { fleetTest, occurrences, planner, REQUEST, type Rig } from './fleet-fixture.ts';

const test = fleetTest(8);

const SOURCE = REQUEST.source;

function tick(dueMs: number, table = 'documents', source = SOURCE): Tick {
  return { table, dueMs, payload: { payloadVersion: PAYLOAD_VERSION, table, source } };
}

function depsOf(fleet: FleetLink, failing: Readonly<Record<string, OffloadError>> = {}): FireDeps {
  return {
    fleet,
    source: SOURCE,
    requestFor: async (table) => {
      const error = failing[table];
      if (error) throw error;
      return { ...REQUEST, table, destination: table };
    },
  };
}

const runIdOf = (fired: ScheduleOutcome): string => (fired.outcome === 'started' ? fired.run.runId : '');

async function openRuns({ fleet }: Rig): Promise<number> {
  const { 'waiting-children': open } = await fleet.queues.commit.getJobCounts('waiting-children');
  return open ?? 0;
}

/** Makes the plan of the run that waits for it. */
async function planIt({ fleet, work }: Rig): Promise<void> {
  const worker = work(PLAN_QUEUE, planner(fleet));
  await occurrences(worker, 'completed');
}

const now = Date.now();
const LATER = now + 3_600_000;

test('a schedule that comes due starts a run of its table, which is counted', async ({ rig }) => {
  const fired = await fireSchedule(tick(now), depsOf(rig.fleet));
  expect(fired).toMatchObject({ outcome: 'started', run: { table: 'documents', adopted: false } });
  expect(await readCounts('documents', rig.fleet)).toEqual({
    started: 1,
    skipped: 0,
    failed: 0,
    lastRunId: runIdOf(fired),
    lastStartedAtMs: expect.closeTo(Date.now(), -4),
  });
  expect(await openRuns(rig)).toBe(1);
});

test('a schedule that comes due while its table’s run is open is skipped and counted, with the run’s id', async ({
  rig,
}) => {
  const { fleet } = rig;
  const openRunId = runIdOf(await fireSchedule(tick(now), depsOf(fleet)));
  const inPlanning = await fireSchedule(tick(LATER), depsOf(fleet));
  expect(inPlanning).toMatchObject({
    outcome: 'skipped',
    openRunId,
    reason: `Table "documents" has an open run, ${openRunId} (planning)`,
  });
  await planIt(rig);
  const inStaging = await fireSchedule(tick(LATER + 1), depsOf(fleet));
  expect(inStaging).toMatchObject({
    outcome: 'skipped',
    openRunId,
    reason: expect.stringMatching(/\(staging\): /),
  });
  expect(await readCounts('documents', fleet)).toMatchObject({
    started: 1,
    skipped: 2,
    failed: 0,
    lastRunId: openRunId,
    openRunId,
    lastSkippedAtMs: expect.closeTo(Date.now(), -4),
  });
  expect(await openRuns(rig)).toBe(1);
});

test('a failure is counted with its code, and keeps neither other tables nor the next time back', async ({
  rig,
}) => {
  const { fleet } = rig;
  const down = new OffloadError('SOURCE_UNAVAILABLE', 'no answer');
  const failed = await fireSchedule(tick(now), depsOf(fleet, { documents: down }));
  expect(failed).toMatchObject({ outcome: 'failed', error: { code: 'SOURCE_UNAVAILABLE' } });
  expect(await fireSchedule(tick(now, 'people'), depsOf(fleet))).toMatchObject({ outcome: 'started' });
  expect(await fireSchedule(tick(LATER), depsOf(fleet))).toMatchObject({ outcome: 'started' });
  expect(await readCounts('documents', fleet)).toMatchObject({
    started: 1,
    skipped: 0,
    failed: 1,
    lastErrorCode: 'SOURCE_UNAVAILABLE',
    lastErrorMessage: '[SOURCE_UNAVAILABLE] no answer',
  });
  expect((await readCounts('people', fleet)).failed).toBe(0);
});

test('a schedule of another source, or of another release, starts nothing', async ({ rig }) => {
  const { fleet } = rig;
  const elsewhere = await fireSchedule(tick(now, 'documents', 'https://elsewhere'), depsOf(fleet));
  expect(elsewhere).toMatchObject({ outcome: 'failed', error: { code: 'CONFIG_INVALID' } });
  const unknown = await fireSchedule(
    { ...tick(LATER), payload: { payloadVersion: 99, table: 'documents', source: SOURCE } },
    depsOf(fleet),
  );
  expect(unknown).toMatchObject({ outcome: 'failed', error: { code: 'INTERNAL' } });
  expect(await openRuns(rig)).toBe(0);
});

test('two processes that are given the same tick start one run', async ({ rig }) => {
  const fleets = [rig.fleet, await rig.secondFleet()];
  const fired = await Promise.all(fleets.map((fleet) => fireSchedule(tick(now), depsOf(fleet))));
  expect(fired.filter(({ outcome }) => outcome === 'started')).toHaveLength(1);
  expect((await readCounts('documents', rig.fleet)).started).toBe(1);
  expect(await openRuns(rig)).toBe(1);
});

test('a tick whose process died after it had started its run starts no second one, even where that has ended', async ({
  rig,
}) => {
  const { fleet } = rig;
  const runId = runIdOf(await fireSchedule(tick(now), depsOf(fleet)));
  await planIt(rig);
  const plan = await fleet.staging.readPlan({ runId, destination: 'documents' });
  await fleet.staging.createReport(emptyReport(plan, 'cancelled'));
  expect(await fireSchedule(tick(now), depsOf(fleet))).toEqual({ outcome: 'superseded', table: 'documents' });
  expect(await fireSchedule(tick(LATER), depsOf(fleet))).toMatchObject({ outcome: 'started' });
});

test('a tick whose process died before it could start a run starts one when it is taken again', async ({
  rig,
}) => {
  const { fleet } = rig;
  const died = new OffloadError('INTERNAL', 'died');
  await fireSchedule(tick(now), depsOf(fleet, { documents: died }));
  expect(await fireSchedule(tick(now), depsOf(fleet))).toMatchObject({ outcome: 'started' });
});

test('a tick that is left over when a later one was taken starts nothing and is not counted', async ({
  rig,
}) => {
  const { fleet } = rig;
  const failing = depsOf(fleet, { documents: new OffloadError('SOURCE_UNAVAILABLE', 'no answer') });
  await fireSchedule(tick(now - 60_000), failing);
  expect(await fireSchedule(tick(now - 120_000), depsOf(fleet))).toMatchObject({ outcome: 'superseded' });
  expect(await readCounts('documents', fleet)).toMatchObject({ started: 0, skipped: 0, failed: 1 });
});

test('of a tick that was left by a process that died, and those missed since, one starts a run', async ({
  rig,
}) => {
  const { fleet } = rig;
  const failing = depsOf(fleet, { documents: new OffloadError('INTERNAL', 'died') });
  await fireSchedule(tick(now - 120_000), failing);
  // The first is taken again an hour later, as it were, and the missed one after it.
  await fleet.redis.hset(`${fleet.prefix}:schedule:documents`, 'tickTakenAtMs', now - 120_000);
  expect(await fireSchedule(tick(now - 120_000), depsOf(fleet))).toMatchObject({ outcome: 'started' });
  expect(await fireSchedule(tick(now - 60_000), depsOf(fleet))).toMatchObject({ outcome: 'superseded' });
});
