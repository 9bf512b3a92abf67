import { OffloadError, toOffloadError } from '@lance-offload/base';
import {
  checkpointIfDue,
  readSnapshot,
  type IsDone,
  type LogEntry,
  type Snapshot,
} from '@lance-offload/delta';
import type { RunPlan } from '../plan/run-plan.ts';
import { NO_TOTALS, outcomesOf, runOfTransaction, totalsIn, type RunEnd } from './commit-actions.ts';
import { collectGarbage } from '../lake/housekeeping.ts';
import { countLakeRows } from '../lake/lake-rows.ts';
import { tieNotes } from '../merge/merge-run.ts';
import type { OnCommitStep } from './publish-run.ts';
import { emptyReport, type RunReport } from './report.ts';
import { settlePlan } from '../stage/settle-plan.ts';
import type { StagedTotals } from './staged-totals.ts';
import type { Staging } from '../stage/staging.ts';
import { tableState } from '../lake/table-state.ts';
import { refreshView } from '../lake/refresh-database.ts';

/** What of a step behind the commit point could not be done is a note: the run is published whatever becomes of it. */
async function tryStep<T>(
  what: string,
  staging: Staging,
  notes: string[],
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (thrown) {
    staging.signal?.throwIfAborted(); // another attempt does it
    notes.push(`${what}: ${toOffloadError(thrown).message}`);
    return undefined;
  }
}

function repairNotes({ missing, repeated }: StagedTotals): string[] {
  return [
    ...(missing > 0
      ? [`the server left ${missing} rows out of its pages; they were fetched by their row ids`]
      : []),
    ...(repeated > 0 ? [`the server sent ${repeated} rows more than once; each is in the lake once`] : []),
  ];
}

/** The table as readers find it after a run, through its log. Read once, by whichever step asks first. */
function tableAfter({ destination }: RunPlan, entry: LogEntry | undefined, staging: Staging): ReadTable {
  let reading: Promise<Snapshot> | undefined;
  const read = async () => {
    const table = staging.table(destination);
    const snapshot = await readSnapshot(table, entry?.version);
    if (snapshot) return snapshot;
    throw new OffloadError('LAKE_UNAVAILABLE', `Version ${entry?.version} of ${table.locate('')} is gone`);
  };
  return () => (reading ??= read());
}

type ReadTable = () => Promise<Snapshot>;

/** What a published run did, from its entry in the log: whichever attempt wrote that. */
async function publishedReport(
  plan: RunPlan,
  entry: LogEntry,
  staging: Staging,
  after: ReadTable,
  refreshNotes: readonly string[],
): Promise<RunReport> {
  const notes = [...refreshNotes];
  const commitInfo = entry.actions.find((action) => action.commitInfo)?.commitInfo ?? {};
  const metaData = entry.actions.find((action) => action.metaData)?.metaData;
  const { outcomes, expectedRows } = outcomesOf(commitInfo);
  const totals =
    (await tryStep('what staging took is not known', staging, notes, () =>
      totalsIn(commitInfo, plan, staging),
    )) ?? NO_TOTALS;
  const found = await tryStep('the rows of the lake could not be counted', staging, notes, async () =>
    countLakeRows(plan, staging.table(plan.destination), await after()),
  );
  const added = entry.actions.flatMap(({ add }) =>
    add?.path.startsWith(`data/${plan.runId}/`) ? [add] : [],
  );
  const cursor = tableState(metaData && { metaData })?.cursor;
  const settled = settlePlan(plan, totals.sourceRows);
  return {
    ...emptyReport(settled, 'published'),
    lakeRows: found?.rows ?? 0,
    verified:
      found !== undefined &&
      found.rows === expectedRows &&
      found.keys === found.rows &&
      totals.distinctRowIds === settled.sourceRows,
    distinctRowIds: totals.distinctRowIds,
    pages: totals.pages,
    repairs: totals.repairs,
    requests: totals.requests,
    sourceBytes: totals.sourceBytes,
    lakeBytes: added.reduce((total, file) => total + file.size, 0),
    deltaVersion: entry.version,
    rows: outcomes,
    ...(cursor !== undefined && { cursor }),
    missing: totals.missing,
    repeated: totals.repeated,
    notes: [...settled.notes, ...tieNotes(outcomes.ties), ...repairNotes(totals), ...notes],
  };
}

/** A run that has a report is told of by that, for good: whoever publishes looks there behind the log. */
function reportedRuns({ destination }: RunPlan, { store, keys }: Staging): IsDone {
  return async (appId) => {
    const runId = runOfTransaction(appId);
    return runId !== undefined && (await store.head(keys.report(destination, runId))) !== undefined;
  };
}

/** Of a run whose entry is gone from the log: that it is published, and no more. */
function forgottenReport(plan: RunPlan, notes: readonly string[]): RunReport {
  const why =
    'the entry of this run is gone from the Delta log, where a checkpoint has it as published: what it did is not known';
  return { ...emptyReport(plan, 'published'), notes: [...plan.notes, why, ...notes] };
}

/** Brings lake.duckdb up to the run's version, and says of what it has no view. */
async function refreshViews(
  { destination }: RunPlan,
  staging: Staging,
  after: ReadTable,
  notes: string[],
): Promise<void> {
  const views = await refreshView(staging, destination, await after());
  for (const { table, error } of views.skipped)
    notes.push(`lake.duckdb has no view of table "${table}": ${error.message}`);
}

/**
 * Ends a run whose end is in the log: views, count, report, a checkpoint where one is due. Whoever finds such a run without a report does this; each of
 * the steps may be done again, and one that fails is a note in the report.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the report cannot be written.
 */
export async function finishRun(
  plan: RunPlan,
  { entry, cancelled }: RunEnd,
  staging: Staging,
  onStep: OnCommitStep = () => undefined,
): Promise<RunReport> {
  if (cancelled) return cancelledReport(plan, staging);
  const notes: string[] = [];
  const after = tableAfter(plan, entry, staging);
  await tryStep('lake.duckdb could not be refreshed; the next commit does it', staging, notes, async () => {
    await refreshViews(plan, staging, after, notes);
    await onStep('views refreshed');
  });
  await tryStep(
    'no checkpoint of the Delta log could be written; the next commit does it',
    staging,
    notes,
    () => checkpointIfDue(staging.table(plan.destination), Date.now(), reportedRuns(plan, staging)),
  );
  const made = entry
    ? await publishedReport(plan, entry, staging, after, notes)
    : forgottenReport(plan, notes);
  await onStep('counted');
  const report = await staging.createReport(made);
  await onStep('reported');
  await tryStep('files nobody needs', staging, [], () => collectGarbage(plan.destination, staging)); // done again by the next commit
  return report;
}

/** Ends a run that is decided to be cancelled. */
export async function cancelledReport(plan: RunPlan, staging: Staging): Promise<RunReport> {
  return staging.createReport(emptyReport(plan, 'cancelled'));
}
