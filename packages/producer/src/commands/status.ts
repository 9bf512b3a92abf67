import {
  findRun,
  isSettled,
  readLimits,
  readPauses,
  runStatus,
  type FleetLink,
  type RunStatus,
} from '@lance-offload/fleet';
import {
  newestRuns,
  readAllMetaData,
  startOfRun,
  tableState,
  type RunKey,
  type Staging,
} from '@lance-offload/core';
import { Argument, type Command } from 'commander';
import { limitLines, pauseLines } from '../screen/control-words.ts';
import { formatCount, formatTable } from '../screen/format.ts';
import { print } from '../screen/output.ts';
import { failureLines, noteLines, reconciliationTable, wayOutLines } from '../screen/run-words.ts';
import { subcommand, withContext } from './command.ts';

const NEWEST = 20;

/** The newest runs of the lake and those that are still being planned. */
async function recentRuns(fleet: FleetLink): Promise<RunStatus[]> {
  const inLake = await newestRuns(fleet.staging, NEWEST);
  const queued = (await fleet.queues.plan.getJobs(['waiting', 'active', 'delayed', 'failed'])).map(
    ({ data }) => data,
  );
  const keys = new Map<string, RunKey & { readonly table?: string }>(
    [...inLake, ...queued].map((key) => [key.runId, key]),
  );
  const newest = [...keys.values()]
    .toSorted((a, b) => startOfRun(b.runId) - startOfRun(a.runId))
    .slice(0, NEWEST);
  return Promise.all(
    newest.map(async ({ runId, destination, table }) => {
      const known = table ?? (await fleet.staging.findPlan({ runId, destination }))?.table;
      return runStatus({ runId, destination, table: known ?? destination }, fleet);
    }),
  );
}

interface TableStanding {
  readonly table: string;
  readonly deltaVersion: number;
  readonly ingestionType: string;
  readonly sourceVersion: number | null;
  readonly cursorField: string | null;
  /** The greatest cursor the lake holds: where the next incremental run begins. */
  readonly cursor: string | null;
  /** `row_version`: the next run reads what changed after `sourceVersion`. */
  readonly changeTracking: string | null;
  /** The source version in which keys that are gone were last looked for. */
  readonly deletesVersion: number | null;
}

/** What the lake holds of each table. One that cannot be read is left out here, and named by `query`. */
async function tableStandings(staging: Staging): Promise<TableStanding[]> {
  const standings: TableStanding[] = [];
  for (const [table, latest] of await readAllMetaData(staging)) {
    const state = tableState(latest);
    if (!state) continue;
    standings.push({
      table,
      deltaVersion: latest.version,
      ingestionType: state.ingestionType,
      sourceVersion: state.sourceVersion ?? null,
      cursorField: state.cursorField ?? null,
      cursor: state.cursor ?? null,
      changeTracking: state.changeTracking ?? null,
      deletesVersion: state.deletesVersion ?? null,
    });
  }
  return standings;
}

const show = (value: string | number | null): string => (value === null ? '–' : String(value));

function tablesText(tables: readonly TableStanding[]): string {
  return formatTable(
    [
      'lake table',
      'mode',
      'Delta version',
      'source version',
      'cursor field',
      'cursor',
      'deletes looked for in',
    ],
    tables.map((table) => [
      table.table,
      table.ingestionType,
      String(table.deltaVersion),
      show(table.sourceVersion),
      ...(table.changeTracking === null
        ? [show(table.cursorField), show(table.cursor)]
        : [`(${table.changeTracking})`, show(table.sourceVersion)]),
      show(table.deletesVersion),
    ]),
  );
}

function listText(runs: readonly RunStatus[]): string {
  if (runs.length === 0) return 'No runs yet. Start one with: lance-offload run';
  const rows = runs.map(({ runId, table, state, paused, sourceVersion, sourceRows, pages, failures }) => [
    runId,
    table,
    paused === undefined ? state : `${state} (paused)`,
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
        ...(pages.repairs > 0
          ? [`repairs: ${pages.repairs} pages of rows that the planned ones lacked`]
          : []),
      ]
    : [];
  return [
    status.runId,
    reconciliationTable([status]),
    ...counts,
    ...noteLines(status),
    ...failureLines(status),
    ...wayOutLines(status),
  ].join('\n');
}

export function statusCommand(): Command {
  const command = subcommand(
    'status [run] [options]',
    'Show where a run stands, and why it does not go on; without a run, what the lake holds, the newest runs, and what is paused or limited.',
    ['status', 'status documents-20261122T101500Z-7f3a', 'status documents-20261122T101500Z-7f3a --json'],
  );
  return command.addArgument(new Argument('[run]', 'id of a run')).action((runId: string | undefined) =>
    withContext(command, async (context, { json }) => {
      const fleet = await context.fleet();
      if (runId === undefined) {
        const runs = await recentRuns(fleet);
        const tables = await tableStandings(context.staging);
        const pauses = await readPauses(fleet);
        const limits = await readLimits(fleet);
        print(json, { tables, runs, pauses, limits }, () =>
          [
            ...(tables.length > 0 ? [tablesText(tables)] : []),
            listText(runs),
            ...runs.filter(({ state }) => isSettled(state)).flatMap(wayOutLines),
            ...pauseLines(pauses),
            ...limitLines(limits),
          ].join('\n'),
        );
        return 0;
      }
      const status = await runStatus(await findRun(runId, fleet), fleet);
      print(json, status, () => runText(status));
      return 0;
    }),
  );
}
