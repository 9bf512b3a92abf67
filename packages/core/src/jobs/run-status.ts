import type { Job } from 'bullmq';
import { ERROR_POLICY } from '../errors/policy.ts';
import { OffloadError } from '../errors/offload-error.ts';
import type { RunReport } from '../lake/report.ts';
import type { RunKey } from '../lake/staging.ts';
import { isRunId } from '../plan/run-id.ts';
import { pageCount, type RunPlan } from '../plan/run-plan.ts';
import type { Fleet } from './fleet.ts';
import { failureSchema, type PageJob } from './payloads.ts';
import { commitJobId, planJobId } from './queues.ts';

/**
 * - `planning`, `staging`, `committing`: moving, or waiting for a process to take it up.
 * - `blocked`: nothing moves any more but for failed pages; retry them.
 * - `failed`: the plan or the commit failed for good.
 * - `interrupted`: the lake has the plan, the queue has lost the run; resume it.
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
  readonly step: 'plan' | 'page' | 'commit';
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
  readonly sourceVersion?: number;
  readonly sourceRows?: number;
  readonly pages?: {
    readonly total: number;
    readonly staged: number;
    readonly failed: number;
    readonly waiting: number;
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
  }
  throw new OffloadError('RUN_NOT_FOUND', `There is no run ${runId} in the lake ${staging.paths.root}`, {
    runId,
  });
}

function failureOf(job: Job, step: RunFailure['step'], page?: number): RunFailure {
  const kept = failureSchema.safeParse(job.progress);
  const known = kept.success ? kept.data.failure : undefined;
  return {
    step,
    ...(page !== undefined && { page }),
    code: known?.code ?? 'INTERNAL',
    // Without a failure of its own the job was ended by BullMQ, after its worker died again and again.
    message: known?.message ?? job.failedReason,
    hint: known?.hint ?? ERROR_POLICY.INTERNAL.hint,
    attempts: job.attemptsMade,
    ...(known?.details.sample && { sample: known.details.sample }),
  };
}

/** Failed pages of a run, in page order. Reads ids first, so that other runs' failures cost little. */
export async function failedPages(runId: string, { queues }: Fleet): Promise<Job<PageJob>[]> {
  const ids = await queues.page.getRanges(['failed'], 0, -1);
  const mine = ids.filter((id) => id.startsWith(`${runId}.page-`)).toSorted();
  const jobs = await Promise.all(mine.map((id) => queues.page.getJob(id)));
  return jobs.filter((job) => job !== undefined);
}

async function stepFailure(runId: string, { queues }: Fleet): Promise<RunFailure | undefined> {
  const plan = await queues.plan.getJob(planJobId(runId));
  if (plan && (await plan.getState()) === 'failed') return failureOf(plan, 'plan');
  const commit = await queues.commit.getJob(commitJobId(runId));
  return commit && (await commit.getState()) === 'failed' ? failureOf(commit, 'commit') : undefined;
}

async function isQueued(runId: string, { queues }: Fleet): Promise<boolean> {
  return (await queues.commit.getJob(commitJobId(runId))) !== undefined;
}

async function isPlanned(runId: string, { queues }: Fleet): Promise<boolean> {
  const job = await queues.plan.getJob(planJobId(runId));
  return job === undefined || (await job.getState()) === 'completed';
}

async function plannedStatus(
  plan: RunPlan,
  fleet: Fleet,
): Promise<Pick<RunStatus, 'state' | 'pages' | 'failures'>> {
  const total = pageCount(plan);
  const staged = (await fleet.staging.listReceipts(plan)).length;
  const failed = await failedPages(plan.runId, fleet);
  const waiting = Math.max(0, total - staged - failed.length);
  const pages = { total, staged, failed: failed.length, waiting };
  const step = await stepFailure(plan.runId, fleet);
  const failures = [
    ...(step ? [step] : []),
    ...failed.map((job) => failureOf(job, 'page', job.data.page.index)),
  ];
  if (!(await isQueued(plan.runId, fleet))) return { state: 'interrupted', pages, failures };
  if (step) return { state: 'failed', pages, failures };
  if (!(await isPlanned(plan.runId, fleet))) return { state: 'planning', pages, failures };
  if (waiting > 0) return { state: 'staging', pages, failures };
  return { state: failed.length > 0 ? 'blocked' : 'committing', pages, failures };
}

/** Where a run stands, from the lake first and the queue second. */
export async function runStatus(key: RunKey & { readonly table: string }, fleet: Fleet): Promise<RunStatus> {
  const { runId, table, destination } = key;
  const plan = await fleet.staging.findPlan(key);
  if (!plan) {
    const failure = await stepFailure(runId, fleet);
    return {
      runId,
      table,
      destination,
      state: failure ? 'failed' : 'planning',
      failures: failure ? [failure] : [],
    };
  }
  const known = { runId, table, destination, sourceVersion: plan.sourceVersion, sourceRows: plan.sourceRows };
  // Staged files are counted before the report is looked for: a report that is there by then ends the matter.
  const status = await plannedStatus(plan, fleet);
  const report = await fleet.staging.findReport(key);
  if (!report) return { ...known, ...status };
  const total = pageCount(plan);
  return {
    ...known,
    state: report.state,
    pages: { total, staged: report.pages, failed: 0, waiting: 0 },
    failures: [],
    report,
  };
}
