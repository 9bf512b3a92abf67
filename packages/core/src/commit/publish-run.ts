import { OffloadError } from '@lance-offload/base';
import { appendEntry, readState, snapshotOf, type LogState } from '@lance-offload/delta';
import type { RunPlan } from '../plan/run-plan.ts';
import { commitActions, endInState, fenceActions, schemaAfter, type RunEnd } from './commit-actions.ts';
import { mergeRun } from '../merge/merge-run.ts';
import type { Receipt } from '../stage/receipt.ts';
import type { RunKey, Staging } from '../stage/staging.ts';
import type { StagedTotals } from './staged-totals.ts';
import { writeVectors } from './write-vectors.ts';

const MAX_CONFLICTS = 20;

/** Steps of a commit, in their order. Each has been done when `onStep` is called with it. */
export type CommitStep =
  | 'audited'
  | 'merged'
  | 'vectors written'
  | 'decided'
  | 'logged'
  | 'views refreshed'
  | 'counted'
  | 'reported';

/** Called after each step. What it throws ends the commit there, but for the steps behind the log entry. */
export type OnCommitStep = (step: CommitStep) => unknown;

/** A run whose pages have been audited. */
export interface AuditedRun {
  /** With as many rows as there are, where the plan could not know. */
  readonly plan: RunPlan;
  readonly receipts: readonly Receipt[];
  readonly totals: StagedTotals;
}

function conflict({ runId, destination, table }: RunPlan): OffloadError {
  return new OffloadError(
    'LAKE_CONFLICT',
    `Run ${runId}: version after version of table "${destination}" was taken by another writer`,
    { table, runId },
  );
}

/**
 * How a run has ended, by the log, or by its report: a checkpoint leaves out old transactions of runs that have one. The report is looked
 * for behind the log, so that a transaction which was left out before is found there.
 */
async function endOf(
  key: RunKey,
  state: LogState | undefined,
  staging: Staging,
): Promise<RunEnd | undefined> {
  const ended = await endInState(staging.table(key.destination), state, key.runId);
  if (ended) return ended;
  const report = await staging.findReport(key);
  return report && { entry: undefined, cancelled: report.state === 'cancelled' };
}

/**
 * Merges an audited run and publishes it, unless the log has it already.
 *
 * @returns how the log ends the run; `undefined` where the run was cancelled before it had one.
 * @throws OffloadError `LAKE_CONFLICT` where other writers take version after version.
 */
export async function publishRun(
  { plan, receipts, totals }: AuditedRun,
  staging: Staging,
  onStep: OnCommitStep = () => undefined,
): Promise<RunEnd | undefined> {
  const table = staging.table(plan.destination);
  for (let tries = 0; ; tries++) {
    // One reading tells both, whether the run is in the log and what it is merged with: the entry is behind that or not at all.
    const state = (await readState(table))?.state;
    const ended = await endOf(plan, state, staging);
    if (ended) return ended;
    if (tries === MAX_CONFLICTS) throw conflict(plan);
    const snapshot = state && snapshotOf(table, state);
    const version = (snapshot?.version ?? -1) + 1;
    const schema = schemaAfter(plan, snapshot);
    const repeats = totals.repeated > 0;
    const merge = await mergeRun({ plan, receipts, snapshot, table, repeats, schema }, version);
    await onStep('merged');
    const vectors = await writeVectors({ runId: plan.runId, receipts, merge }, snapshot, table);
    await onStep('vectors written');
    const actions = commitActions({ plan, receipts, totals, merge, vectors }, snapshot, Date.now());
    // Cancelled before this line, the run ends without an entry; cancelled after it, it is too late. One claim settles it.
    if ((await staging.decide(plan, 'commit')).decision === 'cancel') return undefined;
    await onStep('decided');
    // The commit point. Before this line nothing of the run is visible, though files of it may lie there; once the entry
    // is there, all of it is: rows, deletes, schema and cursor. What follows (views, report) can be done again at any time.
    // The entry is created if its version is free. Where it is not, or nobody knows, the log is read again.
    await appendEntry(table, version, actions);
  }
}

/**
 * Ends a run that is decided to be committed and cannot be: an entry that holds nothing but the run's transaction takes
 * the place of its commit, so that an attempt which is still about finds the run ended, as it would find it published.
 *
 * @returns whether the run is cancelled by that; otherwise it was published meanwhile, or the table has no log to write to.
 */
export async function fenceRun({ destination, runId }: RunKey, staging: Staging): Promise<boolean> {
  const table = staging.table(destination);
  for (let tries = 0; tries <= MAX_CONFLICTS; tries++) {
    const state = (await readState(table))?.state;
    const ended = await endOf({ destination, runId }, state, staging);
    if (ended) return ended.cancelled;
    if (!state) return false;
    await appendEntry(table, state.version + 1, fenceActions(runId, Date.now()));
  }
  return false;
}
