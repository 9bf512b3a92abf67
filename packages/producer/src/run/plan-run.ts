import {
  buildPlan,
  createRowIdFile,
  emptyReport,
  historyOf,
  OffloadError,
  listRowIds,
  PAYLOAD_VERSION,
  planPages,
  queryFilterOf,
  readLog,
  recordPlanned,
  recordReport,
  resume,
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
  const [last] = historyOf(await readLog(staging.table(plan.destination)));
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
  await recordReport(await staging.createReport(unchanged), fleet);
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
async function stageRowIds(plan: RunPlan, { source, staging }: PlanRunDeps): Promise<string> {
  const { table, sourceVersion: version, sourceRows, offset } = plan;
  const listing = { table, version, filter: queryFilterOf(plan), expected: sourceRows + offset };
  const ids = await listRowIds(listing, source, new AbortController().signal);
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

/**
 * Plans a run and enqueues its pages: plan.json first, then the pages that have no receipt, under ids that make adding
 * one twice add nothing. Killed anywhere and run again, it adds exactly what is missing.
 *
 * @returns the plan, and how many pages it enqueued.
 * @throws OffloadError as `buildPlan` does, before anything is written.
 */
export async function planRun(
  job: PlanJob,
  deps: PlanRunDeps,
): Promise<{ readonly plan: RunPlan; readonly enqueued: number }> {
  await refuseEnded(job, deps);
  const existing = await deps.staging.findPlan(job);
  if (existing) {
    const done = await deps.staging.findReport(job);
    if (done) await resume(deps.fleet, { runId: job.runId }); // where what ended it came no further
    return { plan: existing, enqueued: done ? 0 : await enqueuePages(existing, deps) };
  }
  const { plan: made, unchanged } = await buildPlan(job, deps);
  const listed = !unchanged && made.paging === 'row-ids' && { rowIdFile: await stageRowIds(made, deps) };
  const plan = await deps.staging.createPlan({ ...made, ...listed });
  await refuseEnded(job, deps);
  if (unchanged) await reportUnchanged(plan, deps);
  return { plan, enqueued: unchanged ? 0 : await enqueuePages(plan, deps) };
}
