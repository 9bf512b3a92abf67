import {
  endOfRun,
  finishRun,
  fenceRun,
  emptyReport,
  PAYLOAD_VERSION,
  type RunReport,
  type RunKey,
  type PlanJob,
} from '@lance-offload/core';
import { recordCancelled, recordReport } from '../monitor/run-records.ts';
import type { FleetLink } from './fleet-link.ts';
import { lookAtRun, type SeenRun } from './look-at-run.ts';
import { resume } from './pauses.ts';
import { commitJobId, planJobId } from './queues.ts';
import type { Act, Command } from './run-events.ts';
import type { NamedRun } from './run-status.ts';
import { TRANSITIONS } from './run-transitions.ts';

/** The job that plans a run: the one it was opened with, or one for a plan that is there already. */
async function planJobOf(key: RunKey, { staging }: FleetLink): Promise<PlanJob> {
  const opening = await staging.lastOpening(key.destination);
  if (opening?.runId === key.runId) return opening.job;
  const { runId, table, destination, source, startedAtMs } = await staging.readPlan(key);
  const decided = { options: {}, full: false, sweepDeletes: false }; // it is in the plan, whatever it was
  return { payloadVersion: PAYLOAD_VERSION, runId, table, destination, source, startedAtMs, ...decided };
}

/**
 * Puts a run that the queue has lost into it again: the plan job, finding plan.json, enqueues just the pages without a receipt.
 * A run's producer may be about to do the same: under the ids that the jobs have there is still one flow.
 */
async function enqueue(key: NamedRun, { failures }: SeenRun, fleet: FleetLink): Promise<void> {
  const { queues } = fleet;
  const job = await planJobOf(key, fleet);
  // A rest of the run in the queue would make BullMQ take a new job for one it has had.
  for (const { step, jobId } of failures) await queues[step].remove(jobId);
  const [plan, commit] = [planJobId(key.runId), commitJobId(key.runId)];
  if ((await queues.plan.getJobState(plan)) === 'completed') await queues.plan.remove(plan);
  if ((await queues.commit.getJobState(commit)) === 'completed') await queues.commit.remove(commit);
  await queues.addRun(job, fleet.attempts);
}

/** Writes the report of a run whose end is in the log, and takes the rest of it out of the queue. */
async function finish({ plan }: SeenRun, fleet: FleetLink): Promise<RunReport | undefined> {
  if (!plan) return undefined;
  const { staging } = fleet;
  const ended = await endOfRun(staging.table(plan.destination), plan.runId);
  const report = ended && (await finishRun(plan, ended, staging));
  if (!report) return undefined;
  await recordReport(report, fleet);
  await removeJobs(plan.runId, fleet);
  await resume(fleet, { runId: plan.runId });
  return report;
}

/** Ends a run that is decided to be cancelled. Its files are left to the housekeeping: somebody may be standing still with one in hand. */
async function endCancelled({ runId }: RunKey, { plan }: SeenRun, fleet: FleetLink): Promise<void> {
  await removeJobs(runId, fleet);
  const report = plan && (await fleet.staging.createReport(emptyReport(plan, 'cancelled')));
  await (report ? recordReport(report, fleet) : recordCancelled(runId, fleet));
  await resume(fleet, { runId }); // what could not be removed runs out, and the pause has nothing left to hold
}

/** Takes a run's jobs out of the queue, unless a worker holds one: it will find how the run ended and do nothing. */
async function removeJobs(runId: string, { queues }: FleetLink): Promise<void> {
  try {
    const commit = await queues.commit.getJob(commitJobId(runId));
    await (commit ? commit.remove({ removeChildren: true }) : queues.plan.remove(planJobId(runId)));
  } catch {
    // Locked: the flow runs out by itself, without effect.
  }
}

type Doing = (key: NamedRun, seen: SeenRun, fleet: FleetLink) => Promise<boolean>;

/** A new run begins, jobs are retried at some pace, or nothing is done: up to the caller. */
const LEFT_TO_CALLER: Doing = async () => true;

/**
 * What is done about a run. Each answers whether it is done; where not, somebody has moved the run on, and it has to be looked at
 * again.
 */
const DOINGS: Readonly<Record<Act, Doing>> = {
  begin: LEFT_TO_CALLER,
  follow: LEFT_TO_CALLER,
  refuse: LEFT_TO_CALLER,
  retry: LEFT_TO_CALLER,
  async enqueue(key, seen, fleet) {
    await enqueue(key, seen, fleet);
    return true;
  },
  finish: async (_, seen, fleet) => (await finish(seen, fleet)) !== undefined,
  async withdraw(key, seen, fleet) {
    // From here on no commit of it takes place, and no page is staged, whatever is still in the queues.
    if ((await fleet.staging.decide(key, 'cancel')).decision === 'commit') return false;
    await endCancelled(key, seen, fleet);
    return true;
  },
  async fence(key, seen, fleet) {
    if (!(await fenceRun(key, fleet.staging))) return false;
    await endCancelled(key, seen, fleet);
    return true;
  },
};

/** How often a run is looked at again that others move on meanwhile. */
const LOOKS = 5;

/** A command as it was carried out: on what, and what was done. */
interface Done {
  readonly seen: SeenRun;
  readonly act: Act;
}

/** Looks where a run stands, and does about it what the table of states says. */
export async function command(name: Command, key: NamedRun, fleet: FleetLink): Promise<Done> {
  for (let looks = 1; ; looks++) {
    const seen = await lookAtRun(key, fleet, { intoLog: true });
    const { act } = TRANSITIONS[seen.state][name];
    if (await DOINGS[act](key, seen, fleet)) return { seen, act };
    if (looks === LOOKS) return { seen, act: 'refuse' };
  }
}
