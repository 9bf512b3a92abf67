import { OffloadError, toOffloadError } from '@lance-offload/base';
import type { FleetLink } from './fleet-link.ts';
import { scheduleJobSchema } from './payloads.ts';
import { startRun, type RunRequest, type StartedRun } from './run-control.ts';
import { claimTick, countFailed, countSkipped, countStarted } from './schedule-counts.ts';

/** A schedule that came due. */
export interface Tick {
  readonly table: string;
  readonly dueMs: number;
  /** The job's payload, unparsed. */
  readonly payload: unknown;
}

/**
 * - `skipped`: the table has an open run; `reason` names it and how it stands.
 * - `superseded`: a later tick of the table was taken since this one was due, or it has started its run already.
 */
export type ScheduleOutcome =
  | { readonly outcome: 'started'; readonly table: string; readonly run: StartedRun }
  | {
      readonly outcome: 'skipped';
      readonly table: string;
      readonly reason: string;
      readonly openRunId: string;
    }
  | { readonly outcome: 'failed'; readonly table: string; readonly error: OffloadError }
  | { readonly outcome: 'superseded'; readonly table: string };

export interface FireDeps {
  readonly fleet: FleetLink;
  /** The source this process is configured for. */
  readonly source: string;
  /** What to offload, and how, by this process's configuration. Throws where the table cannot be offloaded. */
  readonly requestFor: (table: string) => Promise<RunRequest>;
}

async function skip(
  table: string,
  reason: string,
  openRunId: string,
  fleet: FleetLink,
): Promise<ScheduleOutcome> {
  await countSkipped(table, openRunId, fleet);
  return { outcome: 'skipped', table, reason, openRunId };
}

async function start({ table, dueMs, payload }: Tick, deps: FireDeps): Promise<ScheduleOutcome> {
  const { source } = scheduleJobSchema.parse(payload);
  if (source !== deps.source) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `The schedule of table "${table}" is for ${source}; this process is configured for ${deps.source}`,
    );
  }
  const run = await startRun(await deps.requestFor(table), deps.fleet);
  if (run.adopted) {
    return skip(table, `Table "${table}" has an open run, ${run.runId} (planning)`, run.runId, deps.fleet);
  }
  await countStarted(table, run.runId, dueMs, deps.fleet);
  return { outcome: 'started', table, run };
}

/** Starts the run of a schedule that came due, unless the table has an open one; what came of it is counted. */
export async function fireSchedule(tick: Tick, deps: FireDeps): Promise<ScheduleOutcome> {
  const { table, dueMs } = tick;
  if (!(await claimTick(table, dueMs, deps.fleet))) return { outcome: 'superseded', table };
  try {
    return await start(tick, deps);
  } catch (thrown) {
    const error = toOffloadError(thrown).with({ table });
    if (error.code === 'RUN_OPEN') {
      return skip(table, error.message, error.details.runId ?? 'unknown', deps.fleet);
    }
    await countFailed(table, error, deps.fleet);
    return { outcome: 'failed', table, error };
  }
}
