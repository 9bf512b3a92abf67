import {
  commitJobId,
  type FleetLink,
  type RunFailure,
  type RunRequest,
  type Schedule,
  type StartedRun,
} from '@lance-offload/fleet';
import { OffloadError, type Config } from '@lance-offload/base';
import type { Context } from '../context.ts';
import { followRuns } from './follow-runs.ts';
import { selectTables } from './select-tables.ts';

/**
 * The schedules of the named tables, else of every table that has one.
 *
 * @throws OffloadError `CONFIG_INVALID` for a named table without one, and where no table has one.
 */
export function configuredSchedules(names: readonly string[], config: Config): Schedule[] {
  const timezone = config.schedule_timezone;
  const all = [...(config.tables ?? [])].flatMap(([table, { schedule }]) =>
    schedule === undefined ? [] : [{ table, pattern: schedule, timezone }],
  );
  const without = names.find((name) => !all.some(({ table }) => table === name));
  if (without !== undefined) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `Table "${without}" has no schedule in ${config.file}; set tables.${without}.schedule`,
      { table: without },
    );
  }
  if (all.length === 0) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `No table in ${config.file} has a schedule; set tables.NAME.schedule to a cron pattern, such as "0 * * * *"`,
    );
  }
  return names.length === 0 ? all : all.filter(({ table }) => names.includes(table));
}

/**
 * What a table's schedule is to offload, by this process's configuration.
 *
 * @throws OffloadError `CONFIG_INVALID` for a table whose schedule another configuration registered: its options are not
 * known here.
 */
export async function scheduledRequest(
  table: string,
  { config, source, staging }: Context,
): Promise<RunRequest> {
  if (config.tables?.get(table)?.schedule === undefined) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `Table "${table}" has a schedule in Redis, and none in ${config.file} as this process has read it`,
      { table },
    );
  }
  await staging.checkWritable();
  const [request] = await selectTables([table], config, source);
  if (!request) throw new Error(`no request for table ${table}`);
  return request;
}

/**
 * Waits until a run is planned. Returns why it could not be; nothing also where it was taken out of the queue meanwhile,
 * and where it is paused: that may last, and must not hold other tables' schedules up.
 */
export async function planFailure(
  run: StartedRun,
  fleet: FleetLink,
  signal: AbortSignal,
): Promise<RunFailure | undefined> {
  for await (const [progress] of followRuns([run], fleet, signal)) {
    const { state, paused, failures } = progress?.status ?? { state: 'cancelled', failures: [] };
    if (paused) return undefined;
    if (state !== 'planning') return failures.find(({ step }) => step === 'plan');
    // A run that is cancelled, or given up for another one, before it has a plan leaves nothing behind.
    if (!(await fleet.queues.commit.getJob(commitJobId(run.runId)))) return undefined;
  }
  return undefined;
}
