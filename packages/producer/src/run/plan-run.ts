import {
  buildPlan,
  createRowIdFile,
  emptyReport,
  historyOf,
  listingProgress,
  listRowIds,
  PAYLOAD_VERSION,
  planPages,
  queryFilterOf,
  readLog,
  recordPlanned,
  recordReport,
  runOf,
  type PageJob,
  type PlanDeps,
  type PlanJob,
  type Fleet,
  type RunPlan,
  type RunReport,
} from '@lance-offload/core';

/** Pages enqueued in one call: large enough to be fast, small enough to keep a connection responsive. */
const CHUNK = 1000;

export interface PlanRunDeps extends PlanDeps {
  readonly fleet: Pick<Fleet, 'redis' | 'prefix' | 'queues' | 'attempts'>;
}

/** A run that found nothing to do stands on the one whose commit made the lake what it is. */
async function reportUnchanged(plan: RunPlan, { staging, fleet }: PlanRunDeps): Promise<void> {
  const [last] = historyOf(await readLog(staging.paths.table(plan.destination)));
  const runId = last && runOf(last.commitInfo).runId;
  const report = runId ? await staging.findReport({ destination: plan.destination, runId }) : undefined;
  const unchanged: RunReport = {
    ...emptyReport(plan, 'unchanged'),
    lakeRows: report?.lakeRows ?? 0,
    verified: report?.verified ?? false,
    deltaVersion: last?.version ?? null,
    ...(report?.cursor !== undefined && { cursor: report.cursor }),
    notes: [
      ...plan.notes,
      report
        ? `the lake holds version ${plan.sourceVersion} already, from run ${report.runId}`
        : `the lake holds version ${plan.sourceVersion} already; the report of the run that brought it is gone, so this one proves nothing: use --full`,
    ],
  };
  await staging.writeReport(unchanged);
  await recordReport(unchanged, fleet);
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
): Promise<void> {
  const { table, sourceVersion: version, sourceRows, offset } = plan;
  const listing = { table, version, filter: queryFilterOf(plan), expected: sourceRows + offset };
  const progress = listingProgress(staging.paths, plan, 'rows', listing);
  const ids = await listRowIds(listing, source, { progress, signal });
  try {
    await createRowIdFile(staging.paths, plan, ids);
  } finally {
    ids.dispose();
  }
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
  const existing = await deps.staging.findPlan(job);
  if (existing) {
    const done = await deps.staging.findReport(job);
    return { plan: existing, enqueued: done ? 0 : await enqueuePages(existing, deps) };
  }
  const { plan, unchanged } = await buildPlan(job, deps);
  if (!unchanged && plan.paging === 'row-ids') await stageRowIds(plan, deps, signal);
  await deps.staging.createPlan(plan);
  if (unchanged) await reportUnchanged(plan, deps);
  return { plan, enqueued: unchanged ? 0 : await enqueuePages(plan, deps) };
}
