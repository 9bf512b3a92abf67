import { listSchedules, removeSchedules } from '@lance-offload/fleet';
import { Argument, Option, type Command } from 'commander';
import type { Context, GlobalOptions } from '../context.ts';
import type { LocalOptions } from '../run/open-fleet.ts';
import { runSchedules } from '../run/run-schedules.ts';
import { scheduleStandings } from '../run/schedule-standing.ts';
import { configuredSchedules } from '../run/scheduled-run.ts';
import { print } from '../screen/output.ts';
import { scheduleTable } from '../screen/schedule-words.ts';
import { subcommand, withContext } from './command.ts';
import { workerCount } from './run.ts';

interface ScheduleOptions extends GlobalOptions, LocalOptions {
  readonly list?: boolean;
  readonly clear?: boolean;
}

async function list(names: readonly string[], context: Context, json: boolean | undefined): Promise<number> {
  const configured = configuredSchedules(names, context.config);
  const fleet = await context.fleet();
  const all = await scheduleStandings(configured, fleet);
  const standings = all.filter(({ schedule: { table } }) => names.length === 0 || names.includes(table));
  const processes = await fleet.queues.schedule.getWorkersCount();
  const schedules = standings.map(({ schedule, registered, counts }) => ({
    ...schedule,
    registered: registered !== undefined,
    next: registered?.nextMs === undefined ? null : new Date(registered.nextMs).toISOString(),
    ...counts,
  }));
  print(json, { processes, schedules }, () => scheduleTable(standings, processes));
  return 0;
}

async function clear(names: readonly string[], context: Context, json: boolean | undefined): Promise<number> {
  const fleet = await context.fleet();
  const tables = names.length > 0 ? names : (await listSchedules(fleet)).map(({ table }) => table);
  const removed = await removeSchedules(tables, fleet);
  print(json, { removed }, () =>
    removed.length === 0
      ? 'No schedule was registered.'
      : `Removed the ${removed.length === 1 ? 'schedule' : 'schedules'} of ${removed.join(', ')}.`,
  );
  return 0;
}

function listClearOrRun(
  names: readonly string[],
  context: Context,
  options: ScheduleOptions,
): Promise<number> {
  if (options.list) return list(names, context, options.json);
  return options.clear ? clear(names, context, options.json) : runSchedules(names, context, options);
}

export function scheduleCommand(): Command {
  const command = subcommand(
    'schedule [table...] [options]',
    'Start a run of a table whenever its `schedule` comes due, until stopped. With --json, a JSON document per line for what happens.',
    [
      'schedule',
      'schedule --workers 2          # a laptop: brings its own workers, and Redis where none listens',
      'schedule --list',
      'schedule --clear documents',
    ],
  );
  return command
    .addArgument(
      new Argument('[table...]', 'tables to schedule; all that have a `schedule` where none is named'),
    )
    .addOption(
      new Option(
        '-w, --workers <n>',
        'start this many worker processes for the time of the command',
      ).argParser(workerCount),
    )
    .addOption(new Option('--worker-log <file>', 'append the log of --workers to a file'))
    .addOption(
      new Option('--list', 'show the schedules and what has come of them').conflicts(['clear', 'workers']),
    )
    .addOption(new Option('--clear', 'remove the schedules from Redis').conflicts('workers'))
    .action((names: string[]) =>
      withContext<ScheduleOptions>(command, (context, options) => listClearOrRun(names, context, options)),
    );
}
