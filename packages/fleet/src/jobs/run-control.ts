import { OffloadError, type TableOptions } from '@lance-offload/base';
import {
  newAttemptId,
  newRunId,
  PAYLOAD_VERSION,
  type Opening,
  type RunKey,
  type PlanJob,
} from '@lance-offload/core';
import { FORMAT_VERSION } from '@lance-offload/delta';
import { recordOpened } from '../monitor/run-records.ts';
import { command } from './command-run.ts';
import { fleetId } from './fleet-id.ts';
import type { FleetLink } from './fleet-link.ts';
import { retryFailures } from './retry.ts';
import { isEnded, STATE_WORDS, type RunState } from './state-words.ts';
import { findRun, type NamedRun } from './run-status.ts';
import { stateWords } from './ways-out.ts';

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

/** Why a command does nothing about a run, and what can be done instead. */
function refusal(
  participle: 'retried' | 'cancelled',
  { runId, table }: NamedRun,
  state: RunState,
): OffloadError {
  const word = STATE_WORDS[state];
  const cannot = `Run ${runId} is ${word}; it cannot be ${participle}`;
  if (isEnded(word)) return new OffloadError('RUN_CLOSED', cannot, { runId });
  return new OffloadError('RUN_OPEN', `${cannot}: ${stateWords(state, { runId, table })}`, { table, runId });
}

function openError(run: NamedRun, state: RunState): OffloadError {
  const { runId, table } = run;
  return new OffloadError(
    'RUN_OPEN',
    `Table "${table}" has an open run, ${runId} (${STATE_WORDS[state]}): ${stateWords(state, run)}`,
    { table, runId },
  );
}

/** The last run of a table, and the number of its opening. */
async function findLast(
  destination: string,
  { staging }: FleetLink,
): Promise<{ readonly number: number; readonly run?: NamedRun }> {
  const opening = await staging.lastOpening(destination);
  const plan = opening ? undefined : await staging.findOpenRun(destination);
  const last = opening?.job ?? plan;
  const number = opening?.number ?? 0;
  return last ? { number, run: { runId: last.runId, destination, table: last.table } } : { number };
}

/**
 * Opens a run of a table: claims to be its next one in the lake, and adds its flow to the queues. At most one run per table
 * is open at a time, whatever fleets share the lake; one that is still being planned is taken up rather than refused,
 * because its producer may be gone.
 *
 * @throws OffloadError `RUN_OPEN` with the open run's id.
 */
export async function startRun(request: RunRequest, fleet: FleetLink): Promise<StartedRun> {
  const { table, destination, source, options } = request;
  const { number, run: last } = await findLast(destination, fleet);
  if (last) {
    const { seen, act } = await command('run', last, fleet);
    if (act === 'refuse') throw openError(last, seen.state);
    if (act === 'follow' || act === 'enqueue') return { ...last, adopted: true };
  }

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
  if (!mine) throw openError({ runId: claim.runId, destination, table }, 'planning');
  await recordOpened(job, fleet);
  await fleet.queues.addRun(job, fleet.attempts);
  return { runId, destination, table, adopted: false };
}

/** Takes a run up again from the lake after the queue has lost it. A run the queue still has is left alone. */
export async function resumeRun(runId: string, fleet: FleetLink): Promise<StartedRun> {
  const key = await findRun(runId, fleet);
  await command('resume', key, fleet);
  return { ...key, adopted: true };
}

/**
 * Ends a run without publishing it.
 *
 * @throws OffloadError `RUN_CLOSED` for a run that has ended, `RUN_OPEN` for one that is being committed right now.
 */
export async function cancelRun(runId: string, fleet: FleetLink): Promise<RunKey> {
  const key = await findRun(runId, fleet);
  const done = await command('cancel', key, fleet);
  if (done.act === 'refuse') throw refusal('cancelled', key, done.seen.state);
  if (done.act === 'finish' && done.seen.state !== 'fenced') throw refusal('cancelled', key, 'published');
  // It may have ended while it was cancelled, as a run does that finds nothing to do.
  const report = await fleet.staging.findReport(key);
  if (report && report.state !== 'cancelled') throw refusal('cancelled', key, report.state);
  return key;
}

interface PreparedRetry {
  readonly key: NamedRun;
  /** The run lacked nothing but its report, which is written: there is nothing more to retry. */
  readonly finished: boolean;
}

export interface RetriedRun extends PreparedRetry {
  /** How many jobs got fresh attempts. */
  readonly retried: number;
}

/**
 * Looks whether failed jobs of a run may be retried; one that lacks nothing but its report is finished.
 *
 * @throws OffloadError `RUN_NOT_FOUND`, `RUN_CLOSED` for a run that has ended, `RUN_OPEN` for one that the queue has lost.
 */
export async function prepareRetry(runId: string, fleet: FleetLink): Promise<PreparedRetry> {
  const key = await findRun(runId, fleet);
  const { seen, act } = await command('retry', key, fleet);
  if (act === 'refuse') throw refusal('retried', key, seen.state);
  return { key, finished: act === 'finish' };
}

/**
 * Gives every failed job of a run fresh attempts.
 *
 * @throws OffloadError as `prepareRetry` does.
 */
export async function retryRun(runId: string, fleet: FleetLink): Promise<RetriedRun> {
  const prepared = await prepareRetry(runId, fleet);
  return { ...prepared, retried: prepared.finished ? 0 : (await retryFailures(fleet, { runId })).retried };
}
