import {
  buildPlan,
  createRowIdFile,
  listingProgress,
  PAYLOAD_VERSION,
  planPages,
  queryFilterOf,
  refuseMadeAnew,
  unchangedReport,
  type PlanDeps,
  type PlanJob,
  type RunPlan,
} from '@lance-offload/core';
import {
  holdOpening,
  recordPlanned,
  recordReport,
  resume,
  type FleetLink,
  type PageJob,
} from '@lance-offload/fleet';
import { listRowIds } from '@lance-offload/lancedb';
import { OffloadError } from '@lance-offload/base';

/** Pages enqueued in one call: large enough to be fast, small enough to keep a connection responsive. */
const CHUNK = 1000;

export interface PlanRunDeps extends PlanDeps {
  readonly fleet: Pick<FleetLink, 'redis' | 'prefix' | 'queues' | 'attempts'>;
}

/**
 * Ends a run that found nothing to do. Its report is a function of its plan, written by whichever attempt gets that far.
 */
async function reportUnchanged(plan: RunPlan, { staging, fleet }: PlanRunDeps): Promise<void> {
  await recordReport(await staging.createReport(unchangedReport(plan)), fleet);
  await resume(fleet, { runId: plan.runId });
}

async function enqueuePages(plan: RunPlan, deps: PlanRunDeps): Promise<number> {
  const staged = new Set(await deps.staging.listReceipts(plan));
  await recordPlanned(plan, staged, deps.fleet);
  const { runId, table, destination } = plan;
  let chunk: PageJob[] = [];
  let enqueued = 0;
  const flush = async () => {
    await deps.fleet.queues.addPages(chunk, deps.fleet.attempts);
    enqueued += chunk.length;
    chunk = [];
  };
  for (const page of planPages(plan)) {
    if (staged.has(page.index)) continue;
    chunk.push({ payloadVersion: PAYLOAD_VERSION, runId, table, destination, page });
    if (chunk.length === CHUNK) await flush();
  }
  await flush();
  return enqueued;
}

/** Lists the ids of the rows to read, once for all pages: before plan.json, so that a plan has its list. */
async function stageRowIds(
  plan: RunPlan,
  { source, staging }: PlanRunDeps,
  signal: AbortSignal,
): Promise<string> {
  const { table, sourceVersion: version, sourceRows, offset } = plan;
  const listing = { table, version, filter: queryFilterOf(plan), expected: sourceRows + offset };
  const progress = listingProgress(staging, plan, 'rows', listing);
  const ids = await listRowIds(listing, source, { progress, signal });
  try {
    return await createRowIdFile(staging, plan, ids);
  } finally {
    ids.dispose();
  }
}

/** A run may be cancelled before it is planned, and while it is. */
async function refuseEnded({ destination, runId }: PlanJob, { staging }: PlanRunDeps): Promise<void> {
  const state = await staging.endOf({ destination, runId });
  if (state === 'cancelled')
    throw new OffloadError('RUN_CLOSED', `Run ${runId} is cancelled; it is not planned`, { runId });
}

/** Whether a run needs the source no more: all its rows were audited before it was decided that it is committed. */
async function isSettled(job: PlanJob, { staging }: PlanRunDeps): Promise<boolean> {
  return ((await staging.findDecision(job)) ?? (await staging.findReport(job))) !== undefined;
}

/** Does what a plan says, however much of it was done before. */
async function carryOn(
  plan: RunPlan,
  deps: PlanRunDeps,
): Promise<{ readonly plan: RunPlan; readonly enqueued: number }> {
  if (await deps.staging.findReport(plan)) {
    await resume(deps.fleet, { runId: plan.runId }); // where what ended it came no further
    return { plan, enqueued: 0 };
  }
  if (plan.unchanged) {
    await reportUnchanged(plan, deps);
    return { plan, enqueued: 0 };
  }
  return { plan, enqueued: await enqueuePages(plan, deps) };
}

/**
 * Plans a run and enqueues its pages: plan.json first, then the pages that have no receipt, under ids that make adding
 * one twice add nothing. Killed anywhere and run again, it adds exactly what is missing.
 *
 * @param signal of the job: ends a listing whose attempt has lost its lock.
 * @returns the plan, and how many pages it enqueued.
 * @throws OffloadError as `buildPlan` does, before anything is written.
 */
export async function planRun(
  job: PlanJob,
  deps: PlanRunDeps,
  signal: AbortSignal = new AbortController().signal,
): Promise<{ readonly plan: RunPlan; readonly enqueued: number }> {
  await refuseEnded(job, deps);
  const existing = await deps.staging.findPlan(job);
  if (existing) {
    if (!existing.unchanged && !(await isSettled(job, deps))) await refuseMadeAnew(existing, deps.source);
    return carryOn(existing, deps);
  }
  if (await deps.staging.findReport(job))
    // its plan is gone because it ended long ago
    throw new OffloadError('RUN_CLOSED', `Run ${job.runId} has ended; it is not planned again`, {
      runId: job.runId,
    });
  await holdOpening(job, { ...deps.fleet, staging: deps.staging });
  const { plan: made } = await buildPlan(job, deps);
  const listed = made.paging === 'row-ids' && { rowIdFile: await stageRowIds(made, deps, signal) };
  // What stands is what counts: another attempt may have been first.
  const plan = await deps.staging.createPlan({ ...made, ...listed });
  await refuseEnded(job, deps);
  return carryOn(plan, deps);
}
