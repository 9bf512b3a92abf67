import { endInState, pageCount, type RunReport, type RunKey, type RunPlan } from '@lance-offload/core';
import { readState } from '@lance-offload/delta';
import { findFailures, type FailedJob } from './failures.ts';
import { readFleetId } from './fleet-id.ts';
import type { FleetLink } from './fleet-link.ts';
import { commitJobId, planJobId } from './queues.ts';
import { stateOf, type RunFacts } from './run-state.ts';
import type { RunState } from './state-words.ts';

/** A run as it is seen at one moment. */
export interface SeenRun {
  readonly state: RunState;
  readonly plan?: RunPlan;
  readonly pages?: {
    readonly total: number;
    readonly staged: number;
    readonly waiting: number;
    /** Pages behind the planned ones, of rows that these lacked. */
    readonly repairs: number;
  };
  /** Its failed jobs; none of a run with a report. */
  readonly failures: readonly FailedJob[];
  readonly report?: RunReport;
}

export interface LookOptions {
  /**
   * Read the table's log whatever was decided about the run. Releases before 2026-12 committed without a decision, so whoever acts
   * on what they see looks there; whoever only looks saves the reading.
   */
  readonly intoLog?: boolean;
}

async function hasCommit(runId: string, { queues }: FleetLink): Promise<boolean> {
  const job = await queues.commit.getJob(commitJobId(runId));
  // One that is done has written the report, which is looked for later: where there is none, it was lost.
  return job !== undefined && (await job.getState()) !== 'completed';
}

async function hasPlanned(runId: string, { queues }: FleetLink): Promise<boolean> {
  const job = await queues.plan.getJob(planJobId(runId));
  return job === undefined || (await job.getState()) === 'completed';
}

/** Whether the run was opened by a fleet other than this one, as far as the lake tells. */
async function isElsewhere({ destination, runId }: RunKey, fleet: FleetLink): Promise<boolean> {
  const opening = await fleet.staging.lastOpening(destination);
  return opening?.runId !== runId || opening.fleet !== (await readFleetId(fleet));
}

async function findInLog({ destination, runId }: RunKey, { staging }: FleetLink): Promise<RunFacts['log']> {
  const table = staging.table(destination);
  const state = (await readState(table))?.state;
  const ended = await endInState(table, state, runId);
  if (ended) return ended.cancelled ? 'fenced' : 'published';
  return state ? 'nothing' : 'no log';
}

/** What the lake says of a run beside its plan, its pages and its report. */
export type RunClaims = Pick<RunFacts, 'decision' | 'log' | 'openedElsewhere'>;

/**
 * Reads what is decided about a run, and who opened it.
 *
 * @param isPlanned whether it has a plan: before, nothing of it is in a log, and its opener alone plans it.
 */
export async function readClaims(
  key: RunKey,
  fleet: FleetLink,
  isPlanned: boolean,
  { intoLog = false }: LookOptions = {},
): Promise<RunClaims> {
  const decision = (await fleet.staging.findDecision(key))?.decision ?? 'none';
  const log = isPlanned && (intoLog || decision === 'commit') ? await findInLog(key, fleet) : 'nothing';
  return { decision, log, openedElsewhere: !isPlanned && (await isElsewhere(key, fleet)) };
}

async function countPages(plan: RunPlan, failed: number, { staging }: FleetLink): Promise<SeenRun['pages']> {
  const total = pageCount(plan);
  const receipts = await staging.listReceipts(plan);
  const staged = receipts.filter((index) => index < total).length; // repairs come behind the planned pages
  const waiting = Math.max(0, total - staged - failed);
  return { total, staged, waiting, repairs: receipts.length - staged };
}

/** A run with a report. Its plan may have been written after it was looked for. */
async function endedAs(
  report: RunReport,
  known: RunPlan | undefined,
  key: RunKey,
  { staging }: FleetLink,
): Promise<SeenRun> {
  const plan = known ?? (await staging.findPlan(key));
  return { state: report.state, ...(plan && { plan }), failures: [], report };
}

/**
 * Looks where a run stands, in the lake and in the queue. The lake has the last word: the report is looked for once more after
 * everything else.
 */
export async function lookAtRun(key: RunKey, fleet: FleetLink, options: LookOptions = {}): Promise<SeenRun> {
  const { staging } = fleet;
  const plan = await staging.findPlan(key);
  const done = await staging.findReport(key);
  if (done) return endedAs(done, plan, key, fleet);
  const failures = await findFailures(fleet, { runId: key.runId });
  const step = failures.find((failure) => failure.step !== 'page')?.step;
  const failedPages = failures.filter((failure) => failure.step === 'page').length;
  const pages = plan && (await countPages(plan, failedPages, fleet));
  const [queued, enqueued] = [await hasCommit(key.runId, fleet), await hasPlanned(key.runId, fleet)];
  const claims = await readClaims(key, fleet, plan !== undefined, options);
  const report = await staging.findReport(key);
  if (report) return endedAs(report, plan, key, fleet);
  const state = stateOf({
    planned: plan !== undefined,
    enqueued,
    pages: pages?.waiting !== 0 ? 'waiting' : failedPages > 0 ? 'failed' : 'staged',
    ...claims,
    failed: step === 'plan' || step === 'commit' ? step : 'nothing',
    queued,
    report: 'none',
  });
  return { state, ...(plan && { plan }), ...(pages && { pages }), failures };
}
