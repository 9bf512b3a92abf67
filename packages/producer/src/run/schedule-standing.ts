import {
  listSchedules,
  readCounts,
  type FleetLink,
  type RegisteredSchedule,
  type Schedule,
  type ScheduleCounts,
} from '@lance-offload/fleet';

/** A table's schedule, and what has come of it. */
export interface ScheduleStanding {
  /** As configured; as registered where this configuration has none. */
  readonly schedule: Schedule;
  /** Absent where no process has registered it, or not since `--clear`. */
  readonly registered: RegisteredSchedule | undefined;
  readonly counts: ScheduleCounts;
}

/** Where the schedules stand: the configured ones, then those that only Redis has. */
export async function scheduleStandings(
  configured: readonly Schedule[],
  fleet: FleetLink,
): Promise<ScheduleStanding[]> {
  const registered = new Map((await listSchedules(fleet)).map((schedule) => [schedule.table, schedule]));
  const known = new Map<string, Schedule>(configured.map((schedule) => [schedule.table, schedule]));
  for (const [table, { pattern, timezone }] of registered) {
    if (!known.has(table)) known.set(table, { table, pattern, timezone });
  }
  return Promise.all(
    [...known.values()].map(async (schedule) => ({
      schedule,
      registered: registered.get(schedule.table),
      counts: await readCounts(schedule.table, fleet),
    })),
  );
}
