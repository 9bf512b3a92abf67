import { isDeepStrictEqual } from 'node:util';
import type { JobSchedulerJson } from 'bullmq';
import { PAYLOAD_VERSION } from '@lance-offload/core';
import type { FleetLink } from './fleet-link.ts';
import type { ScheduleJob } from './payloads.ts';
import { forgetCounts } from './schedule-counts.ts';

/** A table that is offloaded by the clock. */
export interface Schedule {
  readonly table: string;
  /** A cron pattern of 5 fields, or of 6 with seconds first. */
  readonly pattern: string;
  /** The time zone the pattern is meant in. */
  readonly timezone: string;
}

/** A schedule as Redis has it. */
export interface RegisteredSchedule extends Schedule {
  /** When it comes due next. Past where it was missed: it then fires once, as soon as a process runs it. */
  readonly nextMs: number | undefined;
}

export interface ReconciledSchedules {
  /** Tables whose schedule is new, or other than it was. */
  readonly registered: readonly string[];
  /** Tables that have none any more. */
  readonly removed: readonly string[];
}

/** Ended jobs that are kept to be looked at. The next one of a table is added when one is taken, so few wait. */
const KEEP_ENDED = { count: 200 };

/** There as long as Redis remembers the schedules: with it gone, they were lost; without a schedule, they were removed. */
const markerOf = ({ prefix }: FleetLink): string => `${prefix}:schedules-registered`;

/** Free of the colons that BullMQ takes ids apart by. */
const schedulerId = (table: string): string => encodeURIComponent(table);
const nextJobId = ({ key, next }: JobSchedulerJson): string => `repeat:${key}:${next}`;

const payloadOf = (table: string, source: string): ScheduleJob => ({
  payloadVersion: PAYLOAD_VERSION,
  table,
  source,
});

/** Whether a scheduler's next job is still to come; one whose chain has broken would never fire again. */
async function goesOn(scheduler: JobSchedulerJson, { queues }: FleetLink): Promise<boolean> {
  const job = await queues.schedule.getJob(nextJobId(scheduler));
  return job !== undefined && !['completed', 'failed', 'unknown'].includes(await job.getState());
}

async function isRegistered(schedule: Schedule, source: string, fleet: FleetLink): Promise<boolean> {
  const found = await fleet.queues.schedule.getJobScheduler(schedulerId(schedule.table));
  return (
    found !== undefined &&
    found.pattern === schedule.pattern &&
    found.tz === schedule.timezone &&
    isDeepStrictEqual(found.template?.data, payloadOf(schedule.table, source)) &&
    (await goesOn(found, fleet))
  );
}

/**
 * Registers schedules as BullMQ job schedulers. One that is registered as it should be is left alone: replacing it would
 * drop a job of it that is due right now, or that was missed.
 *
 * @param source - where the tables are, as a plan's job names it.
 * @returns the tables whose schedule was new or has changed.
 */
export async function registerSchedules(
  schedules: readonly Schedule[],
  source: string,
  fleet: FleetLink,
): Promise<string[]> {
  const registered: string[] = [];
  for (const schedule of schedules) {
    const { table, pattern, timezone } = schedule;
    if (await isRegistered(schedule, source, fleet)) continue;
    await fleet.queues.schedule.upsertJobScheduler(
      schedulerId(table),
      { pattern, tz: timezone },
      {
        name: table,
        data: payloadOf(table, source),
        opts: { removeOnComplete: KEEP_ENDED, removeOnFail: KEEP_ENDED },
      },
    );
    registered.push(table);
  }
  await fleet.redis.set(markerOf(fleet), new Date().toISOString());
  return registered;
}

/** Makes the registered schedules those given: the others are removed, with what was counted of them. */
export async function reconcileSchedules(
  schedules: readonly Schedule[],
  source: string,
  fleet: FleetLink,
): Promise<ReconciledSchedules> {
  const wanted = new Set(schedules.map(({ table }) => table));
  const stale = (await listSchedules(fleet)).map(({ table }) => table).filter((table) => !wanted.has(table));
  await removeSchedules(stale, fleet);
  for (const table of stale) await forgetCounts(table, fleet);
  return { registered: await registerSchedules(schedules, source, fleet), removed: stale };
}

/** The schedules Redis has, those that come due first going first. */
export async function listSchedules({ queues }: FleetLink): Promise<RegisteredSchedule[]> {
  const schedulers = await queues.schedule.getJobSchedulers(0, -1, true);
  return schedulers.map(({ key, pattern = '', tz = 'UTC', next }) => ({
    table: decodeURIComponent(key),
    pattern,
    timezone: tz,
    nextMs: next,
  }));
}

/** Removes the schedules of tables, with a job of them that waits. Returns the tables that had one. */
export async function removeSchedules(tables: readonly string[], { queues }: FleetLink): Promise<string[]> {
  const removed: string[] = [];
  for (const table of tables) {
    const scheduler = await queues.schedule.getJobScheduler(schedulerId(table));
    if (!scheduler || !(await queues.schedule.removeJobScheduler(scheduler.key))) continue;
    await queues.schedule.remove(nextJobId(scheduler)); // BullMQ removes it only while it is delayed
    removed.push(table);
  }
  return removed;
}

/** Whether Redis was emptied since schedules were registered, as one that keeps nothing on disk is by a restart. */
export async function haveSchedulesBeenLost(fleet: FleetLink): Promise<boolean> {
  return (await fleet.redis.exists(markerOf(fleet))) === 0;
}
