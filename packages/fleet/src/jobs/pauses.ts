import { z } from 'zod';
import { OffloadError, toOffloadError } from '@lance-offload/base';
import type { FleetLink } from './fleet-link.ts';
import { isFleetPaused, pausesKey, releaseParked, runField, tableField } from './parking.ts';
import { findRun } from './run-status.ts';

/** What is paused: everything, the runs of a table (by its name at the source), or one run. */
export type PauseScope = 'fleet' | { readonly table: string } | { readonly runId: string };

const pauseSchema = z.object({
  /** Who paused it. */
  by: z.string().default('unknown'),
  atMs: z.number().default(0),
});
type Pause = z.output<typeof pauseSchema>;

export interface Pauses {
  /** Whether the queues that runs pass through are paused; one of them is enough. */
  readonly fleet: boolean;
  readonly tables: readonly (Pause & { readonly table: string })[];
  readonly runs: readonly (Pause & { readonly runId: string })[];
}

/** What of a fleet a pause is about. */
type Controlled = Pick<FleetLink, 'redis' | 'queues' | 'prefix'>;

/** The schedules first, and the commits last: a call that is killed halfway shows as paused, and can be made again. */
const queuesOf = ({ queues }: Controlled) => [queues.schedule, queues.plan, queues.page, queues.commit];

const fieldOf = (scope: Exclude<PauseScope, 'fleet'>): string =>
  'table' in scope ? tableField(scope.table) : runField(scope.runId);

/**
 * Pauses the fleet, a table or a run: nothing of it is begun any more. What is under way is finished. Workers hear of
 * the pause of a table or a run within a second.
 *
 * @param by - who does it, for those who find it paused.
 * @throws OffloadError `RUN_NOT_FOUND`, or `RUN_CLOSED` for a run that has ended.
 */
export async function pause(fleet: FleetLink, scope: PauseScope, by: string): Promise<void> {
  if (scope === 'fleet') {
    for (const queue of queuesOf(fleet)) await queue.pause();
    return;
  }
  if ('runId' in scope) await requireOpen(scope.runId, fleet);
  const value: Pause = { by, atMs: Date.now() };
  await fleet.redis.hset(pausesKey(fleet), fieldOf(scope), JSON.stringify(value));
  if ('runId' in scope) await refuseEnded(scope.runId, fleet);
}

async function requireOpen(runId: string, fleet: FleetLink): Promise<void> {
  const state = await fleet.staging.endOf(await findRun(runId, fleet));
  if (state !== undefined)
    throw new OffloadError('RUN_CLOSED', `Run ${runId} is ${state}; there is nothing to pause`, { runId });
}

/**
 * Looks again, once the pause is there: what ends a run writes its report first and then takes the pause away, so that
 * one of the two sees what the other did.
 */
async function refuseEnded(runId: string, fleet: FleetLink): Promise<void> {
  try {
    await requireOpen(runId, fleet);
  } catch (error) {
    await resume(fleet, { runId });
    throw error;
  }
}

/**
 * Resumes what was paused. Pauses are apart from one another: a job of a paused run goes on when neither the run, nor
 * its table, nor the fleet is paused. Killed at any instant and called again, it does the rest. Whatever ends a run calls
 * this for it, after its report.
 *
 * @returns whether it was paused, and how many parked jobs went back into their queues.
 */
export async function resume(
  fleet: Controlled,
  scope: PauseScope,
): Promise<{ readonly wasPaused: boolean; readonly released: number }> {
  if (scope === 'fleet') {
    const wasPaused = await isFleetPaused(fleet);
    for (const queue of queuesOf(fleet)) await queue.resume();
    return { wasPaused, released: 0 };
  }
  const wasPaused = (await fleet.redis.hdel(pausesKey(fleet), fieldOf(scope))) === 1;
  return { wasPaused, released: await releaseParked(fieldOf(scope), fleet) };
}

/** Whether a run is over, or no trace of it is left. */
async function hasEnded(runId: string, fleet: FleetLink): Promise<boolean> {
  try {
    return await fleet.staging.hasEnded(await findRun(runId, fleet));
  } catch (error) {
    if (toOffloadError(error).code === 'RUN_NOT_FOUND') return true;
    throw error;
  }
}

function parsePause(value: string): Pause {
  try {
    return pauseSchema.parse(JSON.parse(value));
  } catch {
    return pauseSchema.parse({}); // written by hand: paused all the same
  }
}

/** What is paused. Changes nothing; the pause of a run that has ended, and is about to be taken away, is left out. */
export async function readPauses(fleet: FleetLink): Promise<Pauses> {
  const fields = Object.entries(await fleet.redis.hgetall(pausesKey(fleet))).toSorted(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const tables: (Pause & { table: string })[] = [];
  const runs: (Pause & { runId: string })[] = [];
  for (const [field, value] of fields) {
    const [kind, name] = [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1)];
    if (kind === 'table') tables.push({ table: name, ...parsePause(value) });
    else if (!(await hasEnded(name, fleet))) runs.push({ runId: name, ...parsePause(value) });
  }
  return { fleet: await isFleetPaused(fleet), tables, runs };
}
