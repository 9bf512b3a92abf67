import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { TableOptions } from '../config/table-options.ts';
import { OffloadError } from '../errors/offload-error.ts';
import { publishedEntry } from '../lake/commit-actions.ts';
import { readLog } from '../lake/delta-log.ts';
import { encodeTableName } from '../lake/paths.ts';
import type { RunKey } from '../lake/staging.ts';
import { newRunId } from '../plan/run-id.ts';
import { emptyReport } from '../lake/report.ts';
import { recordCancelled, recordOpened, recordReport } from '../monitor/run-records.ts';
import { findFailures } from './failures.ts';
import type { Fleet } from './fleet.ts';
import { resume } from './pauses.ts';
import { PAYLOAD_VERSION, type CommitJob, type PlanJob } from './payloads.ts';
import { commitJobId, planJobId } from './queues.ts';
import { findRun, runStatus, type RunStatus } from './run-status.ts';

/** What to offload, and where to. */
export interface RunRequest {
  readonly table: string;
  readonly destination: string;
  readonly source: string;
  readonly options: TableOptions;
  /** Read everything, whatever the cursor. */
  readonly full?: boolean;
  /** Look for keys that are gone by reading all keys. */
  readonly sweepDeletes?: boolean;
}

export interface StartedRun extends RunKey {
  readonly table: string;
  /** Not new: its producer was stopped while it planned, and this one takes it up. */
  readonly adopted: boolean;
}

/** Replaces a value only if it is still what was read: two producers cannot both open a run of one table. */
const COMPARE_AND_SET = `local now = redis.call('GET', KEYS[1]) or ''
if now ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2]) return 1`;

async function claim(redis: Redis, key: string, expected: string, runId: string): Promise<boolean> {
  return (await redis.eval(COMPARE_AND_SET, 1, key, expected, runId)) === 1;
}

function openError(table: string, status: Pick<RunStatus, 'runId' | 'state'>): OffloadError {
  const remedy =
    status.state === 'interrupted' ? `; take it up with \`lance-offload run --resume ${status.runId}\`` : '';
  return new OffloadError(
    'RUN_OPEN',
    `Table "${table}" has an open run, ${status.runId} (${status.state})${remedy}`,
    { table, runId: status.runId },
  );
}

/** Takes a run whose plan failed out of the queue: nothing was staged, and it must not stand in the way. */
async function discardUnplanned(runId: string, { queues }: Fleet): Promise<void> {
  const commit = await queues.commit.getJob(commitJobId(runId));
  await commit?.remove({ removeChildren: true });
}

/** The run that is open for a table, if there is one. A run that failed before it had a plan does not count. */
async function findOpen(
  request: RunRequest,
  held: string | undefined,
  fleet: Fleet,
): Promise<RunStatus | undefined> {
  const inLake = await fleet.staging.findOpenRun(request.destination);
  if (inLake) return runStatus(inLake, fleet);
  const commit = held === undefined ? undefined : await fleet.queues.commit.getJob(commitJobId(held));
  // A completed commit without a report is one whose lake was deleted.
  if (held === undefined || !commit || (await commit.getState()) === 'completed') return undefined;
  const key = { runId: held, destination: request.destination, table: request.table };
  if (await fleet.staging.findReport(key)) return undefined;
  const status = await runStatus(key, fleet);
  if (status.state !== 'failed') return status;
  await discardUnplanned(held, fleet);
  return undefined;
}

/** The claimed run that has neither ended nor a flow: its producer is about to add it, or died before it could. */
async function findUnqueued(
  { destination }: RunRequest,
  held: string | undefined,
  { queues, staging }: Fleet,
): Promise<string | undefined> {
  if (held === undefined || (await staging.findReport({ runId: held, destination }))) return undefined;
  return (await queues.commit.getJob(commitJobId(held))) ? undefined : held;
}

const lockOf = (destination: string, { prefix }: Fleet): string =>
  `${prefix}:open:${encodeTableName(destination)}`;

/**
 * Opens a run of a table: adds its flow to the queues. At most one run per table is open at a time; one that is still
 * being planned is taken up rather than refused, because its producer may be gone.
 *
 * @throws OffloadError `RUN_OPEN` with the open run's id.
 */
export async function startRun(request: RunRequest, fleet: Fleet): Promise<StartedRun> {
  const { table, destination, source, options } = request;
  const lock = lockOf(destination, fleet);
  const held = (await fleet.redis.get(lock)) || undefined;
  // Looked for before the open one: a flow that is added in between then shows up there.
  const unqueued = await findUnqueued(request, held, fleet);
  const open = await findOpen(request, held, fleet);
  if (open?.state === 'planning') return { runId: open.runId, destination, table, adopted: true };
  if (open) throw openError(table, open);

  const startedAt = new Date();
  // Added under the id it has: where its producer adds it as well, there is still one flow.
  const runId = unqueued ?? newRunId(destination, startedAt);
  if (!unqueued && !(await claim(fleet.redis, lock, held ?? '', runId))) {
    throw openError(table, { runId: (await fleet.redis.get(lock)) ?? 'unknown', state: 'planning' });
  }
  const job: PlanJob = {
    payloadVersion: PAYLOAD_VERSION,
    runId,
    table,
    destination,
    source,
    startedAtMs: startedAt.getTime(),
    options,
    full: request.full ?? false,
    sweepDeletes: request.sweepDeletes ?? false,
  };
  await recordOpened(job, fleet);
  await fleet.queues.addRun(job, fleet.attempts);
  return { runId, destination, table, adopted: unqueued !== undefined };
}

/**
 * Takes a run up again from the lake after the queue has lost it: the plan job, finding plan.json, enqueues just the
 * pages without a receipt. A run the queue still has is left alone.
 */
export async function resumeRun(runId: string, fleet: Fleet): Promise<StartedRun> {
  const key = await findRun(runId, fleet);
  const status = await runStatus(key, fleet);
  if (status.state !== 'interrupted') return { ...key, adopted: true };
  const plan = await fleet.staging.readPlan(key);
  // A rest of the run in the queue would make BullMQ take the new job for one it has had.
  await fleet.queues.plan.remove(planJobId(runId));
  for (const { jobId } of await findFailures(fleet, { runId, step: 'page' }))
    await fleet.queues.page.remove(jobId);
  const { table, destination, source, startedAtMs } = plan;
  const job: PlanJob = {
    payloadVersion: PAYLOAD_VERSION,
    runId,
    table,
    destination,
    source,
    startedAtMs,
    options: {},
    full: false,
    sweepDeletes: false,
  };
  await fleet.redis.set(lockOf(destination, fleet), runId);
  await fleet.queues.addRun(job, fleet.attempts);
  return { ...key, adopted: true };
}

/**
 * Ends a run without publishing it. Its report is written first: from then on no page is staged for it and no commit
 * takes place, whatever is still in the queue.
 *
 * @throws OffloadError `RUN_CLOSED` for a run that has ended, or that is being committed right now.
 */
export async function cancelRun(runId: string, fleet: Fleet): Promise<RunKey> {
  const key = await findRun(runId, fleet);
  const closed = (state: string) =>
    new OffloadError('RUN_CLOSED', `Run ${runId} is ${state}; it cannot be cancelled`, { runId });
  const done = await fleet.staging.findReport(key);
  if (done) throw closed(done.state);
  const commit = await fleet.queues.commit.getJob(commitJobId(runId));
  if (commit && (await commit.getState()) === 'active') throw closed('being committed');
  // A commit that died after its log entry has no report yet, but its pages are the table's data.
  const log = await readLog(fleet.staging.paths.table(key.destination));
  if (publishedEntry(log, runId)) throw closed('published already, all but its report');
  const plan = await fleet.staging.findPlan(key);
  const report = plan && emptyReport(plan, 'cancelled');
  if (report && !(await fleet.staging.createReport(report))) throw closed('published');
  const removed = await removeJobs(commit);
  if (!plan && !removed) throw closed('being planned right now');
  await claim(fleet.redis, lockOf(key.destination, fleet), runId, '');
  await (report ? recordReport(report, fleet) : recordCancelled(runId, fleet));
  await resume(fleet, { runId }); // what could not be removed runs out, and the pause has nothing left to hold
  // Files go only where the commit is out of the queue: one that began before the report was there may publish them.
  if (removed && plan) await fleet.staging.discard(key);
  return key;
}

/** Takes a run's jobs out of the queue, unless a worker holds one: it will find the report and do nothing. */
async function removeJobs(commit: Job<CommitJob> | undefined): Promise<boolean> {
  try {
    await commit?.remove({ removeChildren: true });
    return true;
  } catch {
    return false; // locked: the flow runs out by itself, without effect
  }
}
