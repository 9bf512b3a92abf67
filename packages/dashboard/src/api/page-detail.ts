import { pageCount, planPages, type Receipt, type RunPlan } from '@lance-offload/core';
import { pageJobId, type FleetLink, type RunRecord } from '@lance-offload/fleet';
import type { PageDetail, PageState } from './run-answers.ts';
import { ApiError } from './api-error.ts';
import { describeFailures, jobUrlOf } from './failure-facts.ts';
import type { FleetState } from './fleet-state.ts';
import type { LakeFiles } from './lake-files.ts';

function plannedPage(plan: RunPlan | undefined, index: number) {
  if (!plan || index >= pageCount(plan)) return undefined;
  for (const page of planPages(plan)) if (page.index === index) return page;
  return undefined;
}

interface PageJobFacts {
  readonly state: PageState;
  readonly attempts: number;
}

const STATES: Readonly<Record<string, PageState>> = {
  active: 'active',
  failed: 'failed',
  delayed: 'retrying',
};

async function findJob(jobId: string, { queues, redis }: FleetLink): Promise<PageJobFacts | undefined> {
  const [jobState, fields] = await Promise.all([
    queues.page.getJobState(jobId),
    redis.hmget(queues.page.toKey(jobId), 'name', 'atm'),
  ]);
  const [name, attemptsMade] = fields;
  if (typeof name !== 'string') return undefined;
  const attempts = Number(attemptsMade ?? 0);
  const again: PageState = attempts > 0 ? 'retrying' : 'waiting';
  return { state: STATES[jobState] ?? again, attempts };
}

const ofReceipt = (receipt: Receipt | undefined) => ({
  worker: receipt?.worker ?? null,
  rows: receipt?.rows ?? null,
  bytes: receipt?.sourceBytes ?? null,
  requests: receipt?.requests ?? null,
  stagedAtMs: receipt?.stagedAtMs ?? null,
  timings: receipt?.timings ?? null,
});

/**
 * A page of a run, from its plan, its receipt and its job.
 *
 * @throws ApiError 404 for a page the run does not have.
 */
export async function pageDetail(
  record: RunRecord,
  index: number,
  deps: { readonly fleet: FleetLink; readonly state: FleetState; readonly files: LakeFiles },
): Promise<PageDetail> {
  const { fleet, state, files } = deps;
  const { runId } = record;
  const jobId = pageJobId(runId, index);
  const [plan, receipt, job] = await Promise.all([
    files.plan(record),
    fleet.staging.readReceipt(record, index),
    findJob(jobId, fleet),
  ]);
  const page = plannedPage(plan, index) ?? receipt?.page;
  if (!page && !job) throw new ApiError(404, 'PAGE_NOT_FOUND', `Run ${runId} has no page ${index}.`);
  const known = receipt
    ? undefined
    : [...state.index.ofRun(runId)].find((failure) => failure.jobId === jobId);
  const [failure] = known ? await describeFailures([known], fleet) : [];
  const worker = state.workers.find(({ work }) =>
    work.some((piece) => piece.runId === runId && piece.page === index),
  );
  return {
    index,
    state: receipt ? 'staged' : (job?.state ?? 'waiting'),
    scan: page?.scan ?? 'rows',
    offset: page?.offset ?? null,
    limit: page?.limit ?? null,
    attempts: job?.attempts ?? null,
    ...ofReceipt(receipt),
    ...(!receipt && worker && { worker: worker.id }),
    failure: failure ?? null,
    jobUrl: job ? jobUrlOf('page', jobId, fleet) : null,
  };
}
