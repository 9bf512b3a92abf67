import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  haveSchedulesBeenLost,
  reconcileSchedules,
  registerSchedules,
  type FleetLink,
  type Schedule,
} from '@lance-offload/fleet';
import type { Context } from '../context.ts';
import { eventFacts, eventLines, isoSeconds, standingLine } from '../screen/schedule-words.ts';
import { openFleet, type LocalOptions } from './open-fleet.ts';
import { startPlanWorker } from './plan-worker.ts';
import { scheduleStandings } from './schedule-standing.ts';
import { startScheduleWorker, type ScheduleEvent } from './schedule-worker.ts';
import { configuredSchedules } from './scheduled-run.ts';

export interface ScheduleRunOptions extends LocalOptions {
  readonly json?: boolean;
}

/** How soon schedules are there again after Redis was emptied. */
const CHECK_MS = 5000;
/** What is under way may end by itself for so long; a process that is killed loses nothing. */
const CLOSE_MS = 2000;
const CLOSE_WORKERS_MS = 35_000;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function tell(event: ScheduleEvent, { logger }: Context, json: boolean | undefined): void {
  const facts = eventFacts(event);
  const isFailure = event.outcome === 'failed' || event.outcome === 'unplanned';
  logger[isFailure ? 'warn' : 'info'](facts, `schedule: ${event.outcome}`);
  const at = isoSeconds(Date.now());
  if (json) process.stdout.write(`${JSON.stringify({ at, event: event.outcome, ...facts })}\n`);
  else for (const line of eventLines(event)) say(`${at} ${line}`);
}

/** Registers the schedules again whenever Redis has lost them: it may be emptied at any time, and this process goes on. */
async function keepRegistered(
  registerAgain: () => Promise<void>,
  fleet: FleetLink,
  { logger }: Context,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await haveSchedulesBeenLost(fleet)) {
        say('Redis has lost the schedules; registering them again');
        await registerAgain();
      }
    } catch (error) {
      if (!signal.aborted) logger.error({ error }, 'the schedules could not be looked after; trying again');
    }
    await sleep(CHECK_MS, undefined, { signal }).catch(() => undefined); // stopped: the loop sees it
  }
}

/** Registers the schedules and says when they come due next. */
async function registerAll(
  names: readonly string[],
  schedules: readonly Schedule[],
  context: Context,
  fleet: FleetLink,
): Promise<void> {
  const { url } = context.source;
  if (names.length > 0) {
    // Naming tables must not take away the schedules that another process has for others.
    await registerSchedules(schedules, url, fleet);
  } else {
    const { removed } = await reconcileSchedules(schedules, url, fleet);
    for (const table of removed) say(`${table}: its schedule is removed`);
  }
  for (const standing of await scheduleStandings(schedules, fleet)) say(standingLine(standing));
}

/** Ends the process where closing takes too long: a source or a Redis that does not answer must not hold Ctrl-C up. */
function endSoon(code: number, withWorkers: boolean): void {
  setTimeout(() => process.exit(code), withWorkers ? CLOSE_WORKERS_MS : CLOSE_MS).unref();
}

function sayGoodbye(context: Context, fleet: FleetLink, withWorkers: boolean): void {
  if (withWorkers) say('Stopping the workers of this command; what is staged stays in the lake.');
  const isPrivate =
    withWorkers && fleet.redis.options.port !== Number(new URL(context.redisUrl).port || 6379);
  say(
    isPrivate
      ? 'The schedules end with this command: so does its Redis.'
      : 'The schedules stay registered, and start runs only while a `lance-offload schedule` is running. Remove them with `lance-offload schedule --clear`.',
  );
}

/**
 * `lance-offload schedule`: registers the schedules and starts the runs that come due, until it is stopped.
 *
 * @returns the exit code: 0 when it was stopped, 1 when the last worker of its own has ended.
 */
export async function runSchedules(
  names: readonly string[],
  context: Context,
  options: ScheduleRunOptions,
): Promise<number> {
  const schedules = configuredSchedules(names, context.config);
  const { fleet, workersGone } = await openFleet(context, options);
  const withWorkers = workersGone !== undefined;
  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? process.exit(130) : stop.abort());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  void workersGone?.then(() =>
    stop.abort('every worker of this command has ended; --worker-log FILE keeps what they say'),
  );
  const stopped = once(stop.signal, 'abort');

  const register = () => registerAll(names, schedules, context, fleet);
  await register();
  startPlanWorker(context, fleet);
  startScheduleWorker(context, fleet, (event) => tell(event, context, options.json), stop.signal);
  void keepRegistered(register, fleet, context, stop.signal);

  await stopped;
  const failed = typeof stop.signal.reason === 'string';
  if (failed) say(`lance-offload: ${stop.signal.reason}`);
  sayGoodbye(context, fleet, withWorkers);
  const code = failed ? 1 : 0;
  endSoon(code, withWorkers);
  return code;
}
