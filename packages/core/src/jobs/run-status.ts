import { OffloadError } from '../errors/offload-error.ts';
import type { RunReport } from '../lake/report.ts';
import type { RunKey } from '../lake/staging.ts';
import { isRunId } from '../plan/run-id.ts';
import { pageCount, type RunPlan } from '../plan/run-plan.ts';
import { findFailures, type FailedJob, type RunStep } from './failures.ts';
import type { Fleet } from './fleet.ts';
import { pauseOf } from './parking.ts';
import { commitJobId, planJobId } from './queues.ts';

/**
 * - `planning`, `staging`, `committing`: moving, or waiting for a process to take it up.
 * - `blocked`: nothing moves any more but for failed pages; retry them.
 * - `failed`: the plan or the commit failed for good.
 * - `interrupted`: the lake has the run, this fleet's queues do not; resume it.
 */
export type RunState =
  | 'planning'
  | 'staging'
  | 'committing'
  | 'blocked'
  | 'failed'
  | 'interrupted'
  | RunReport['state'];

export interface RunFailure {
  readonly step: RunStep;
  readonly page?: number;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  readonly attempts: number;
  /** Some of the rows it is about. */
  readonly sample?: readonly string[];
}

export interface RunStatus {
  readonly runId: string;
  readonly table: string;
  readonly destination: string;
  readonly state: RunState;
  /** Nothing of the run is begun until this is resumed; there for a run that would move otherwise. */
  readonly paused?: 'fleet' | 'table' | 'run';
  readonly sourceVersion?: number;
  readonly sourceRows?: number;
  readonly pages?: {
    readonly total: number;
    readonly staged: number;
    readonly failed: number;
    readonly waiting: number;
    /** Pages behind the planned ones, of rows that these lacked. */
    readonly repairs: number;
  };
  readonly failures: readonly RunFailure[];
  readonly report?: RunReport;
}

/** A run that ended, or that only an operator can move on. */
export function isSettled(state: RunState): boolean {
  return !['planning', 'staging', 'committing'].includes(state);
}

/** Finds a run by its id, in the queue or in the lake. */
export async function findRun(
  runId: string,
  { queues, staging }: Fleet,
): Promise<RunKey & { readonly table: string }> {
  if (!isRunId(runId)) throw new OffloadError('RUN_NOT_FOUND', `"${runId}" is not a run id`);
  const job = await queues.commit.getJob(commitJobId(runId));
  if (job) return { runId, destination: job.data.destination, table: job.data.table };
  for (const destination of await staging.listTables()) {
    const plan = await staging.findPlan({ destination, runId });
    if (plan) return { runId, destination, table: plan.table };
    const opening = await staging.lastOpening(destination); // opened, and not planned yet
    if (opening?.runId === runId) return { runId, destination, table: opening.job.table };
  }
  throw new OffloadError('RUN_NOT_FOUND', `There is no run ${runId} in the lake ${staging.name}`, {
    runId,
  });
}

/**
 * Finds a run that has not ended.
 *
 * @param todo - what is to be done with it, for the message.
 * @throws OffloadError `RUN_NOT_FOUND`, or `RUN_CLOSED` for a run that has ended.
 */
export async function requireOpenRun(
  runId: string,
  todo: string,
  fleet: Fleet,
): Promise<RunKey & { readonly table: string }> {
  const key = await findRun(runId, fleet);
  const state = await fleet.staging.endOf(key);
  if (state === undefined) return key;
  const message = `Run ${runId} is ${state}; there is nothing to ${todo}`;
  throw new OffloadError('RUN_CLOSED', message, { runId });
}

const failureOf = ({ step, page, code, message, hint, attempts, sample }: FailedJob): RunFailure => ({
  step,
  ...(page !== undefined && { page }),
  code,
  message,
  hint,
  attempts,
  ...(sample && { sample }),
});

/** What of a run failed: its plan or its commit, and its pages in their order. */
async function failuresOf(
  runId: string,
  fleet: Fleet,
): Promise<{ readonly step: RunFailure | undefined; readonly pages: readonly RunFailure[] }> {
  const all = (await findFailures(fleet, { runId })).map(failureOf);
  const pages = all.filter(({ step }) => step === 'page').toSorted((a, b) => (a.page ?? 0) - (b.page ?? 0));
  return { step: all.find(({ step }) => step !== 'page'), pages };
}

async function isQueued(runId: string, { queues }: Fleet): Promise<boolean> {
  return (await queues.commit.getJob(commitJobId(runId))) !== undefined;
}

async function isPlanned(runId: string, { queues }: Fleet): Promise<boolean> {
  const job = await queues.plan.getJob(planJobId(runId));
  return job === undefined || (await job.getState()) === 'completed';
}

async function unplannedStatus(key: RunKey, fleet: Fleet): Promise<Pick<RunStatus, 'state' | 'failures'>> {
  if (await fleet.staging.hasEnded(key)) return { state: 'cancelled', failures: [] };
  const { step: failure } = await failuresOf(key.runId, fleet);
  if (failure) return { state: 'failed', failures: [failure] };
  return { state: (await isQueued(key.runId, fleet)) ? 'planning' : 'interrupted', failures: [] };
}

async function plannedStatus(
  plan: RunPlan,
  fleet: Fleet,
): Promise<Pick<RunStatus, 'state' | 'pages' | 'failures'>> {
  const total = pageCount(plan);
  const receipts = await fleet.staging.listReceipts(plan);
  const staged = receipts.filter((index) => index < total).length; // repairs come behind the planned pages
  const repairs = receipts.length - staged;
  const { step, pages: failed } = await failuresOf(plan.runId, fleet);
  const waiting = Math.max(0, total - staged - failed.length);
  const pages = { total, staged, failed: failed.length, waiting, repairs };
  const failures = [...(step ? [step] : []), ...failed];
  if (!(await isQueued(plan.runId, fleet))) return { state: 'interrupted', pages, failures };
  if (step) return { state: 'failed', pages, failures };
  if (!(await isPlanned(plan.runId, fleet))) return { state: 'planning', pages, failures };
  if (waiting > 0) return { state: 'staging', pages, failures };
  return { state: failed.length > 0 ? 'blocked' : 'committing', pages, failures };
}

/** Where a run stands, from the lake first and the queue second. */
export async function runStatus(key: RunKey & { readonly table: string }, fleet: Fleet): Promise<RunStatus> {
  const status = await standing(key, fleet);
  const paused = isSettled(status.state) ? undefined : await pauseOf(key, fleet);
  return paused === undefined ? status : { ...status, paused };
}

async function standing(key: RunKey & { readonly table: string }, fleet: Fleet): Promise<RunStatus> {
  const { runId, table, destination } = key;
  const plan = await fleet.staging.findPlan(key);
  if (!plan) return { runId, table, destination, ...(await unplannedStatus(key, fleet)) };
  const known = { runId, table, destination, sourceVersion: plan.sourceVersion, sourceRows: plan.sourceRows };
  // Staged files are counted before the report is looked for: a report that is there by then ends the matter.
  const status = await plannedStatus(plan, fleet);
  const report = await fleet.staging.findReport(key);
  if (!report) return { ...known, ...status };
  const total = pageCount(plan);
  return {
    ...known,
    state: report.state,
    pages: { total, staged: report.pages, failed: 0, waiting: 0, repairs: report.repairs },
    failures: [],
    report,
  };
}
