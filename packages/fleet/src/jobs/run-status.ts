import { OffloadError } from '@lance-offload/base';
import { isRunId, isRunIdOf, pageCount, type RunReport, type RunKey } from '@lance-offload/core';
import type { FailedJob, RunStep } from './failures.ts';
import type { FleetLink } from './fleet-link.ts';
import { lookAtRun, type SeenRun } from './look-at-run.ts';
import { pauseOf } from './parking.ts';
import { commitJobId } from './queues.ts';
import { isEnded, isSettled, STATE_WORDS, type StateWord } from './state-words.ts';
import { STATE_MEANINGS, waysOutOf, type WayOut } from './ways-out.ts';

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
  readonly state: StateWord;
  /** What that means, in a sentence. */
  readonly meaning: string;
  /** What an operator can do about it, the best first; none where it has ended. */
  readonly waysOut: readonly WayOut[];
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

/** A run with the name that its table has at the source. */
export type NamedRun = RunKey & { readonly table: string };

/** Finds a run by its id, in the queue or in the lake. */
export async function findRun(runId: string, { queues, staging }: FleetLink): Promise<NamedRun> {
  if (!isRunId(runId)) throw new OffloadError('RUN_NOT_FOUND', `"${runId}" is not a run id`);
  const job = await queues.commit.getJob(commitJobId(runId));
  if (job) return { runId, destination: job.data.destination, table: job.data.table };
  const tables = await staging.listTables();
  const likely = tables.filter((destination) => isRunIdOf(destination, runId));
  for (const destination of new Set([...likely, ...tables])) {
    const key = { destination, runId };
    const told = (await staging.findPlan(key)) ?? (await staging.findReport(key));
    if (told) return { runId, destination, table: told.table };
    const opening = await staging.lastOpening(destination);
    if (!opening) continue;
    // Opened, and not planned yet; or cancelled before it was, and followed by another run of the table.
    if (opening.runId === runId || (await staging.findDecision({ destination, runId })))
      return { runId, destination, table: opening.job.table };
  }
  throw new OffloadError('RUN_NOT_FOUND', `There is no run ${runId} in the lake ${staging.name}`, {
    runId,
  });
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
function failuresOf({ failures }: SeenRun): RunFailure[] {
  const all = failures.map(failureOf);
  const pages = all.filter(({ step }) => step === 'page').toSorted((a, b) => (a.page ?? 0) - (b.page ?? 0));
  return [...all.filter(({ step }) => step !== 'page'), ...pages];
}

function pagesOf({ plan, pages, report, failures }: SeenRun): RunStatus['pages'] {
  if (report && plan) {
    const { pages: staged, repairs } = report;
    return { total: pageCount(plan), staged, failed: 0, waiting: 0, repairs };
  }
  const failed = failures.filter(({ step }) => step === 'page').length;
  return pages && { ...pages, failed };
}

/** Where a run stands, from the lake first and the queue second. */
export async function runStatus(key: NamedRun, fleet: FleetLink): Promise<RunStatus> {
  const { runId, table, destination } = key;
  const seen = await lookAtRun(key, fleet);
  const { plan, report } = seen;
  const state = STATE_WORDS[seen.state];
  const paused = isSettled(state) ? undefined : await pauseOf(key, fleet);
  const pages = pagesOf(seen);
  return {
    runId,
    table,
    destination,
    state,
    meaning: STATE_MEANINGS[seen.state],
    waysOut: waysOutOf(seen.state, key),
    ...(paused !== undefined && { paused }),
    ...(plan && { sourceVersion: plan.sourceVersion, sourceRows: plan.sourceRows }),
    ...(pages && { pages }),
    failures: isEnded(state) ? [] : failuresOf(seen),
    ...(report && { report }),
  };
}
