import { writeFile } from 'node:fs/promises';
import { describeError, OffloadError, toOffloadError, type OffloadErrorCode } from '@lance-offload/base';
import {
  isSettled,
  resumeRun,
  startRun,
  type FleetLink,
  type RunStatus,
  type StartedRun,
} from '@lance-offload/fleet';
import type { Context, GlobalOptions } from '../context.ts';
import { print } from '../screen/output.ts';
import { createRunScreen } from '../screen/run-screen.ts';
import { failureLines, noteLines, reconciliationTable, wayOutLines } from '../screen/run-words.ts';
import { followRuns } from './follow-runs.ts';
import { openFleet } from './open-fleet.ts';
import { startPlanWorker } from './plan-worker.ts';
import { selectTables } from './select-tables.ts';

export interface RunOptions extends GlobalOptions {
  readonly workers?: number;
  /** Ids of runs, or `true` for every open one. */
  readonly resume?: readonly string[] | true;
  readonly detach?: boolean;
  readonly full?: boolean;
  readonly sweepDeletes?: boolean;
  readonly report?: string;
  readonly workerLog?: string;
}

interface Refusal {
  readonly table: string;
  readonly error: OffloadError;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** What keeps a table's run from being started, and no other's. */
const REFUSALS: ReadonlySet<OffloadErrorCode> = new Set(['RUN_OPEN', 'LAKE_TOO_NEW']);

/** Starts a run per table. One that is refused, as where the table has an open run, does not keep the others back. */
async function startRuns(
  names: readonly string[],
  context: Context,
  fleet: FleetLink,
  { full = false, sweepDeletes = false }: RunOptions,
): Promise<{ runs: StartedRun[]; refused: Refusal[] }> {
  const runs: StartedRun[] = [];
  const refused: Refusal[] = [];
  await context.staging.checkWritable();
  for (const request of await selectTables(names, context.config, context.source)) {
    try {
      const run = await startRun({ ...request, full, sweepDeletes }, fleet);
      say(
        run.adopted
          ? `${run.table}: run ${run.runId} was left while it was planned; going on with it`
          : `${run.table}: run ${run.runId}`,
      );
      runs.push(run);
    } catch (thrown) {
      const error = toOffloadError(thrown);
      if (!REFUSALS.has(error.code)) throw error;
      refused.push({ table: request.table, error });
    }
  }
  return { runs, refused };
}

/** Takes up the named runs, or every open one of the lake. */
async function resumeRuns(wanted: readonly string[] | true, fleet: FleetLink): Promise<StartedRun[]> {
  const ids = wanted === true ? await openRuns(fleet) : wanted;
  const runs: StartedRun[] = [];
  for (const runId of ids) runs.push(await resumeRun(runId, fleet));
  return runs;
}

async function openRuns({ staging }: FleetLink): Promise<string[]> {
  const open = await Promise.all((await staging.listTables()).map((table) => staging.findOpenRun(table)));
  return open.flatMap((plan) => (plan ? [plan.runId] : []));
}

/** Shows the runs until they end or the operator stops looking. Returns where they stood last. */
async function watch(
  runs: readonly StartedRun[],
  fleet: FleetLink,
  signal: AbortSignal,
  detach: boolean,
): Promise<RunStatus[]> {
  const screen = createRunScreen();
  let last: RunStatus[] = [];
  try {
    for await (const progress of followRuns(runs, fleet, signal)) {
      screen.show(progress);
      last = progress.map(({ status }) => status);
      if (detach && last.every(({ state }) => state !== 'planning')) break; // the workers do the rest
    }
  } finally {
    screen.close();
  }
  return last;
}

function sayHowToComeBack(runs: readonly StartedRun[], local: boolean): void {
  say('');
  say(
    local
      ? 'Stopping the workers of this command; what is staged stays in the lake. Go on with:'
      : 'The workers go on without this command. Look again with:',
  );
  say(`  lance-offload run --resume${local ? ' --workers 2' : ''}`);
  say('or look at a run, or end it, with `lance-offload status RUN` and `lance-offload cancel RUN`:');
  for (const { runId } of runs) say(`  ${runId}`);
}

function reportDocument(statuses: readonly RunStatus[], refused: readonly Refusal[]) {
  const tables = statuses.map(({ report, ...status }) => ({ ...status, ...report }));
  return { tables, refused: refused.map(({ table, error }) => ({ table, ...describeError(error) })) };
}

/**
 * `lance-offload run`: starts the runs, plans them, follows them, and says how they ended.
 *
 * @returns the exit code: 0 when every table is in the lake, 1 otherwise.
 */
export async function runTables(
  names: readonly string[],
  context: Context,
  options: RunOptions,
): Promise<number> {
  if (options.resume !== undefined && names.length > 0) {
    throw new OffloadError('CONFIG_INVALID', '--resume takes runs, and no tables beside them');
  }
  const { fleet, workersGone } = await openFleet(context, options);
  const { runs, refused } =
    options.resume === undefined
      ? await startRuns(names, context, fleet, options)
      : { runs: await resumeRuns(options.resume, fleet), refused: [] };
  if (runs.length === 0 && refused.length === 0) {
    say(options.resume === undefined ? `${context.source.url} has no tables.` : 'No run is open.');
    return 0;
  }
  startPlanWorker(context, fleet);

  const stop = new AbortController();
  const onSignal = () => (stop.signal.aborted ? process.exit(130) : stop.abort());
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  void workersGone?.then(() =>
    stop.abort('every worker of this command has ended; --worker-log FILE keeps what they say'),
  );
  const statuses = await watch(runs, fleet, stop.signal, options.detach === true);
  if (stop.signal.aborted) {
    if (typeof stop.signal.reason === 'string') say(`lance-offload: ${stop.signal.reason}`);
    sayHowToComeBack(runs, workersGone !== undefined);
    return typeof stop.signal.reason === 'string' ? 1 : 130;
  }
  return conclude(statuses, refused, options);
}

async function conclude(
  statuses: readonly RunStatus[],
  refused: readonly Refusal[],
  options: RunOptions,
): Promise<number> {
  const document = reportDocument(statuses, refused);
  if (options.report !== undefined) await writeFile(options.report, `${JSON.stringify(document, null, 2)}\n`);
  print(options.json, document, () => {
    const notes = statuses.flatMap((status) => [
      ...noteLines(status),
      ...failureLines(status),
      ...(isSettled(status.state) ? wayOutLines(status) : []),
    ]);
    const refusals = refused.flatMap(({ error }) => [error.message, `  ${error.hint}`]);
    return [...(statuses.length > 0 ? [reconciliationTable(statuses)] : []), ...notes, ...refusals].join(
      '\n',
    );
  });
  const fine = statuses.every(({ report }) => report?.verified === true) && refused.length === 0;
  return fine ? 0 : 1;
}
