import { findRun, runStatus, type Fleet, type RunStatus } from '@lance-offload/core';
import { Argument, type Command } from 'commander';
import { formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { failureLines, noteLines, reconciliationTable } from '../screen/run-words.ts';
import { subcommand, withContext } from './command.ts';

const NEWEST = 20;

/** The part of a run id that sorts by time, whatever the table. */
const startedAt = (runId: string): string => runId.slice(-'20261122T101500Z-7f3a'.length);

/** The newest runs of the lake and those that are still being planned. */
async function recentRuns(fleet: Fleet): Promise<RunStatus[]> {
  const inLake = await Promise.all(
    (await fleet.staging.listTables()).map(async (destination) =>
      (await fleet.staging.listRuns(destination)).map((runId) => ({ runId, destination })),
    ),
  );
  const queued = (await fleet.queues.plan.getJobs(['waiting', 'active', 'delayed', 'failed'])).map(
    ({ data }) => data,
  );
  const keys = new Map([...inLake.flat(), ...queued].map((key) => [key.runId, key]));
  const newest = [...keys.values()]
    .toSorted((a, b) => (startedAt(a.runId) < startedAt(b.runId) ? 1 : -1))
    .slice(0, NEWEST);
  return Promise.all(
    newest.map(async (key) => {
      const plan = await fleet.staging.findPlan(key);
      return runStatus({ ...key, table: plan?.table ?? key.destination }, fleet);
    }),
  );
}

function listText(runs: readonly RunStatus[]): string {
  if (runs.length === 0) return 'No runs yet. Start one with: lance-offload run';
  const rows = runs.map(({ runId, table, state, sourceVersion, sourceRows, pages, failures }) => [
    runId,
    table,
    state,
    String(sourceVersion ?? '–'),
    sourceRows === undefined ? '–' : formatCount(sourceRows),
    pages ? `${pages.staged} of ${pages.total}` : '–',
    String(failures.length),
  ]);
  return formatTable(['run', 'table', 'state', 'source version', 'rows', 'pages staged', 'failures'], rows);
}

function runText(status: RunStatus): string {
  const { pages } = status;
  const counts = pages
    ? [
        `pages: ${pages.total} in all, ${pages.staged} staged, ${pages.failed} failed, ${pages.waiting} waiting or under way`,
      ]
    : [];
  return [
    status.runId,
    reconciliationTable([status]),
    ...counts,
    ...noteLines(status),
    ...failureLines(status),
  ].join('\n');
}

export function statusCommand(): Command {
  const command = subcommand(
    'status [run] [options]',
    'Show where a run stands, and why it does not go on; without a run, list the newest.',
    ['status', 'status documents-20261122T101500Z-7f3a', 'status documents-20261122T101500Z-7f3a --json'],
  );
  return command.addArgument(new Argument('[run]', 'id of a run')).action((runId: string | undefined) =>
    withContext(command, async (context, { json }) => {
      const fleet = await context.fleet();
      if (runId === undefined) {
        const runs = await recentRuns(fleet);
        print(json, runs, () => listText(runs));
        return 0;
      }
      const status = await runStatus(await findRun(runId, fleet), fleet);
      print(json, status, () => runText(status));
      return 0;
    }),
  );
}
