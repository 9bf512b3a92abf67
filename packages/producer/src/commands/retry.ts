import { ERROR_POLICY } from '@lance-offload/base';
import {
  findFailures,
  prepareRetry,
  retryFailures,
  type FailedJob,
  type FleetLink,
  type RetryOutcome,
} from '@lance-offload/fleet';
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import type { Context, GlobalOptions } from '../context.ts';
import { logged } from '../run/log-intervention.ts';
import { waitForPlans } from '../run/wait-for-plans.ts';
import { print } from '../screen/output.ts';
import { subcommand, withContext } from './command.ts';
import { positiveNumber } from './limits.ts';

interface RetryCommandOptions extends GlobalOptions {
  readonly table?: string;
  readonly code?: string;
  readonly all?: true;
  readonly perSecond?: number;
}

const WRONG_USAGE = { exitCode: 2 };
const STOPPED = 130;

const jobs = (count: number): string => `${count} failed ${count === 1 ? 'job' : 'jobs'}`;

function errorCode(text: string): string {
  if (text in ERROR_POLICY) return text;
  throw new InvalidArgumentError(`It must be one of ${Object.keys(ERROR_POLICY).join(', ')}.`);
}

/** The tables there are, as far as the configuration, the lake and the queues know. */
async function knownTables({ config, staging }: Context, fleet: FleetLink): Promise<string[]> {
  const failed = (await findFailures(fleet, {})).map(({ table }) => table);
  const names = new Set([...failed, ...(config.tables?.keys() ?? []), ...(await staging.listTables())]);
  return [...names].toSorted();
}

function outcomeText({ retried, gone, ended }: RetryOutcome, runId: string | undefined): string {
  const [of, run] = runId === undefined ? ['', ''] : [` of ${runId}`, ` ${runId}`];
  const lines = [
    retried === 0
      ? `Nothing to retry: no job${of} has failed.`
      : `${jobs(retried)}${of} enqueued again. Follow with: lance-offload run --resume${run}`,
  ];
  if (gone > 0) lines.push(`${jobs(gone)} had been retried or removed by somebody else meanwhile.`);
  for (const one of ended)
    lines.push(`${jobs(one.jobs)} of ${one.runId} left alone: the run is ${one.state}.`);
  return lines.join('\n');
}

async function retry(
  runId: string | undefined,
  command: Command,
  context: Context,
  { table, code, perSecond, json }: RetryCommandOptions,
): Promise<number> {
  const fleet = await context.fleet();
  const finished = runId !== undefined && (await prepareRetry(runId, fleet)).finished;
  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? process.exit(STOPPED) : stop.abort());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

  const unplanned = new Map<string, FailedJob>();
  const onRetried = (job: FailedJob) => {
    if (job.step === 'plan') unplanned.set(job.runId, job);
  };
  const options = { perSecond, signal: stop.signal, onRetried };
  const target = [runId, table, code].filter((one) => one !== undefined).join(' ') || 'all';
  const outcome = await logged(fleet, 'retry', target, () =>
    retryFailures(fleet, { runId, table, code }, options),
  );
  if (table !== undefined && outcome.retried + outcome.gone + outcome.ended.length === 0) {
    const known = await knownTables(context, fleet);
    if (!known.includes(table))
      command.error(`error: there is no table "${table}" (there is: ${known.join(', ')})`, WRONG_USAGE);
  }
  await waitForPlans([...unplanned.values()], context, fleet, stop.signal);
  print(json, { ...(runId !== undefined && { runId }), ...(finished && { finished }), ...outcome }, () =>
    finished
      ? `Run ${runId} lacked nothing but its report, which is written now: lance-offload status ${runId}`
      : outcomeText(outcome, runId),
  );
  if (!stop.signal.aborted) return 0;
  process.stderr.write('Stopped. Jobs that were not got to stay failed; the same command goes on.\n');
  return STOPPED;
}

export function retryCommand(): Command {
  const command = subcommand(
    'retry [run] [options]',
    'Give failed jobs fresh attempts: those of a run, or those that the options name. The runs then publish by themselves.',
    [
      'retry documents-20261122T101500Z-7f3a',
      'retry --code SOURCE_UNAVAILABLE            # of every run, once the source is back',
      'retry --table documents --per-second 5     # a few at a time; Ctrl-C leaves the rest failed',
      'retry --all',
    ],
  );
  return command
    .addArgument(new Argument('[run]', 'id of a run'))
    .addOption(new Option('--table <name>', 'failed jobs of this table, by its name at the source'))
    .addOption(
      new Option(
        '--code <code>',
        'failed jobs with this error code, as `status` names it; docs/errors.md lists them',
      ).argParser(errorCode),
    )
    .addOption(new Option('--all', 'every failed job of the fleet').conflicts(['table', 'code']))
    .addOption(
      new Option('--per-second <n>', 'so many a second, to spare a source that has just come back').argParser(
        positiveNumber,
      ),
    )
    .action((runId: string | undefined, { table, code, all }: RetryCommandOptions) => {
      if (runId !== undefined && all) command.error('error: name a run, or --all', WRONG_USAGE);
      if ([runId, table, code, all].every((one) => one === undefined))
        command.error('error: name a run, or --table, --code or --all', WRONG_USAGE);
      return withContext<RetryCommandOptions>(command, (context, options) =>
        retry(runId, command, context, options),
      );
    });
}
