import { randomUUID } from 'node:crypto';
import type { Job } from 'bullmq';
import type { TableOptions } from '../config/table-options.ts';
import { OffloadError } from '../errors/offload-error.ts';
import { entryOfRun } from '../lake/commit-actions.ts';
import { readLog } from '../lake/delta-log.ts';
import { finishRun } from '../lake/finish-run.ts';
import type { Opening } from '../lake/opening.ts';
import { newAttemptId } from '../lake/paths.ts';
import { fenceRun } from '../lake/publish-run.ts';
import { emptyReport, type RunReport } from '../lake/report.ts';
import type { RunKey, Staging } from '../lake/staging.ts';
import { newRunId } from '../plan/run-id.ts';
import { FORMAT_VERSION, type RunPlan } from '../plan/run-plan.ts';
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

/** Names the queues a run is in: a Redis that was emptied, or another one, has another name. */
async function fleetId({ redis, prefix }: Fleet): Promise<string> {
  const key = `${prefix}:fleet`;
  await redis.set(key, randomUUID(), 'NX');
  return (await redis.get(key)) ?? '';
}

function openError(
  table: string,
  { runId, state }: Pick<RunStatus, 'runId' | 'state'>,
  why = '',
): OffloadError {
  const remedy = state === 'interrupted' ? `; take it up with \`lance-offload run --resume ${runId}\`` : '';
  return new OffloadError(
    'RUN_OPEN',
    `Table "${table}" has an open run, ${runId} (${state}${why})${remedy}`,
    {
      table,
      runId,
    },
  );
}

/** Takes a run whose plan failed out of the queue: nothing was staged, and it must not stand in the way. */
async function discardUnplanned(key: RunKey, { queues, staging }: Fleet): Promise<boolean> {
  if ((await staging.decide(key, 'cancel')).decision !== 'cancel') return false;
  const commit = await queues.commit.getJob(commitJobId(key.runId));
  await commit?.remove({ removeChildren: true });
  return true;
}

/** The run of a table that has not ended, and the number of the last one. */
interface LastRun {
  readonly number: number;
  readonly open?: RunKey & { readonly table: string; readonly opening?: Opening };
}

/** Looks for the open run of a table, and ends one that lacks nothing but its report. */
async function findLast(destination: string, { staging }: Fleet): Promise<LastRun> {
  const opening = await staging.lastOpening(destination);
  const number = opening?.number ?? 0;
  const plan = opening ? await staging.findPlan(opening.job) : await staging.findOpenRun(destination);
  const key = plan ?? opening?.job;
  if (!key || (await staging.hasEnded(key))) return { number };
  if (plan && (await finishLogged(plan, staging))) return { number };
  return { number, open: { runId: key.runId, destination, table: key.table, ...(opening && { opening }) } };
}

/** Ends a run whose entry is in the log, and whose report could not be written. */
async function finishLogged(plan: RunPlan, staging: Staging): Promise<RunReport | undefined> {
  const logged = entryOfRun(await readLog(staging.table(plan.destination)), plan.runId);
  return logged && finishRun(plan, logged.entry, staging);
}

/** What is to be done about a table's open run before a new one begins: `adopted` where it is taken up instead. */
async function settleOpen(
  open: NonNullable<LastRun['open']>,
  fleet: Fleet,
): Promise<'ended' | { readonly adopted: StartedRun }> {
  const { runId, destination, table, opening } = open;
  const run = { runId, destination, table };
  const status = await runStatus(run, fleet);
  if (status.state === 'planning') return { adopted: { ...run, adopted: true } };
  const planned = status.sourceVersion !== undefined;
  if (status.state === 'failed' && !planned && (await discardUnplanned(run, fleet))) return 'ended';
  if (status.state === 'interrupted' && !planned && opening) {
    if (opening.fleet !== (await fleetId(fleet))) throw openError(table, status, ', opened by another fleet');
    // Its producer is about to add it, or died before it could. Under the ids it has there is still one flow.
    await fleet.queues.addRun(opening.job, fleet.attempts);
    return { adopted: { ...run, adopted: true } };
  }
  throw openError(table, status);
}

/**
 * Opens a run of a table: claims to be its next one in the lake, and adds its flow to the queues. At most one run per table
 * is open at a time, whatever fleets share the lake; one that is still being planned is taken up rather than refused,
 * because its producer may be gone.
 *
 * @throws OffloadError `RUN_OPEN` with the open run's id.
 */
export async function startRun(request: RunRequest, fleet: Fleet): Promise<StartedRun> {
  const { table, destination, source, options } = request;
  const { number, open } = await findLast(destination, fleet);
  const settled = open && (await settleOpen(open, fleet));
  if (settled && settled !== 'ended') return settled.adopted;

  const startedAt = new Date();
  const runId = newRunId(destination, startedAt);
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
  const opening: Opening = {
    formatVersion: FORMAT_VERSION,
    number: number + 1,
    runId,
    job,
    fleet: await fleetId(fleet),
    attempt: newAttemptId(),
    openedAtMs: startedAt.getTime(),
  };
  const { claim, mine } = await fleet.staging.claimOpening(opening);
  if (!mine) throw openError(table, { runId: claim.runId, state: 'planning' });
  await recordOpened(job, fleet);
  await fleet.queues.addRun(job, fleet.attempts);
  return { runId, destination, table, adopted: false };
}

/** The job that plans a run: the one it was opened with, or one for a plan that is there already. */
async function planJobOf(key: RunKey, { staging }: Fleet): Promise<PlanJob> {
  const opening = await staging.lastOpening(key.destination);
  if (opening?.runId === key.runId) return opening.job;
  const { runId, table, destination, source, startedAtMs } = await staging.readPlan(key);
  const decided = { options: {}, full: false, sweepDeletes: false }; // it is in the plan, whatever it was
  return { payloadVersion: PAYLOAD_VERSION, runId, table, destination, source, startedAtMs, ...decided };
}

/**
 * Takes a run up again from the lake after the queue has lost it: the plan job, finding plan.json, enqueues just the
 * pages without a receipt. A run the queue still has is left alone.
 */
export async function resumeRun(runId: string, fleet: Fleet): Promise<StartedRun> {
  const key = await findRun(runId, fleet);
  const status = await runStatus(key, fleet);
  if (status.state !== 'interrupted') return { ...key, adopted: true };
  const job = await planJobOf(key, fleet);
  // A rest of the run in the queue would make BullMQ take the new job for one it has had.
  await fleet.queues.plan.remove(planJobId(runId));
  for (const { jobId } of await findFailures(fleet, { runId, step: 'page' }))
    await fleet.queues.page.remove(jobId);
  await fleet.queues.addRun(job, fleet.attempts);
  return { ...key, adopted: true };
}

/**
 * Ends a run without publishing it. That is decided first: from then on no commit of it takes place, and no page is staged, whatever is
 * still in the queues. Its files are left to the housekeeping: somebody may be standing still with one in hand.
 *
 * @throws OffloadError `RUN_CLOSED` for a run that has ended, or that is being committed right now.
 */
export async function cancelRun(runId: string, fleet: Fleet): Promise<RunKey> {
  const { staging, queues } = fleet;
  const key = await findRun(runId, fleet);
  const closed = (state: string) =>
    new OffloadError('RUN_CLOSED', `Run ${runId} is ${state}; it cannot be cancelled`, { runId });
  const done = await staging.endOf(key);
  if (done) throw closed(done);
  const plan = await staging.findPlan(key);
  // Releases before 2026-12 decided nothing beforehand: where the log has the run, that is the decision.
  if (plan && (await finishLogged(plan, staging))?.state === 'published') throw closed('published');
  const commit = await queues.commit.getJob(commitJobId(runId));
  if ((await staging.decide(key, 'cancel')).decision === 'commit') {
    if (plan && (await finishLogged(plan, staging))?.state === 'published') throw closed('published');
    if (commit && (await commit.getState()) !== 'failed') throw closed('being committed');
    if (!(await fenceRun(key, staging)))
      throw closed('being committed; give its commit fresh attempts with `lance-offload retry`');
  }
  await removeJobs(commit);
  const report = plan && (await staging.createReport(emptyReport(plan, 'cancelled')));
  await (report ? recordReport(report, fleet) : recordCancelled(runId, fleet));
  await resume(fleet, { runId }); // what could not be removed runs out, and the pause has nothing left to hold
  return key;
}

/** Takes a run's jobs out of the queue, unless a worker holds one: it will find the decision and do nothing. */
async function removeJobs(commit: Job<CommitJob> | undefined): Promise<void> {
  try {
    await commit?.remove({ removeChildren: true });
  } catch {
    // Locked: the flow runs out by itself, without effect.
  }
}
