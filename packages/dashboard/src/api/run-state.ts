import type { RunReport } from '@lance-offload/core';
import {
  isEnded,
  isMoving,
  STATE_MEANINGS,
  STATE_WORDS,
  stateOf,
  waysOutOf,
  type RunClaims,
  type RunRecord,
  type RunState as CoreState,
  type RunStep,
  type WayOut,
} from '@lance-offload/fleet';
import type { Control, RunState, TableRow } from './answers.ts';
import type { RunDetail } from './run-answers.ts';

export function isFinal({ state }: RunRecord): boolean {
  return isEnded(state);
}

/** What is known of a run beside its record. */
export interface KnownFacts {
  /** The queue has no job of it any more, and there is no report. */
  readonly lost: boolean;
  /** What the lake says of a run that the queue does not move on; null of any other. */
  readonly claims: RunClaims | null;
  readonly failedPages: number;
  /** Whether its plan or its commit has failed. */
  readonly failedStep: Exclude<RunStep, 'page'> | null;
  /** Pages a living worker has under way. */
  readonly activePages: number;
  /** A living worker commits it. */
  readonly committing: boolean;
  readonly pausedBy: RunDetail['pausedBy'];
}

export function pausedBy({ table, runId }: RunRecord, control: Control): KnownFacts['pausedBy'] {
  if (control.fleetPaused) return 'fleet';
  if (control.pausedTables.includes(table)) return 'table';
  return control.pausedRuns.includes(runId) ? 'run' : null;
}

/** The pages of a run by how they stand; they sum up to the total, whatever was told late. */
export function pagesOf(record: RunRecord, facts: KnownFacts): TableRow['pages'] {
  const total = record.pages ?? (isFinal(record) ? record.stagedPages : null);
  if (total === null) return { total, staged: 0, active: 0, failed: 0, waiting: 0 };
  const staged = Math.min(total, record.stagedPages);
  const failed = Math.min(total - staged, facts.failedPages);
  const active = Math.min(total - staged - failed, facts.activePages);
  return { total, staged, active, failed, waiting: total - staged - failed - active };
}

/** Steps of a commit from the decision on, and from the entry of the log on. */
const DECIDED: ReadonlySet<string> = new Set(['decided', 'logged', 'views refreshed', 'counted', 'reported']);
const LOGGED: ReadonlySet<string> = new Set([...DECIDED].filter((step) => step !== 'decided'));

/** What the steps of its commit tell of a run that moves. */
function claimsOf({ step = '' }: RunRecord): RunClaims {
  return {
    decision: DECIDED.has(step) ? 'commit' : 'none',
    log: LOGGED.has(step) ? 'published' : 'nothing',
    openedElsewhere: false,
  };
}

/** How a run stands, from what was told of it and what its queue and the lake say. */
function standingOf(record: RunRecord, facts: KnownFacts): CoreState {
  const { state } = record;
  const { total, active, failed, waiting } = pagesOf(record, facts);
  const planned = state !== 'planning' && (total !== null || state === 'committing');
  const isLeft = total === null || active > 0 || waiting > 0;
  const pages = failed > 0 ? (isLeft ? 'waiting' : 'failed') : isLeft ? 'waiting' : 'staged';
  return stateOf({
    ...(facts.claims ?? claimsOf(record)),
    planned,
    enqueued: planned,
    // A commit that is told of had all pages, also those that were not.
    pages: state === 'committing' && failed === 0 ? 'staged' : pages,
    failed: facts.failedStep ?? 'nothing',
    queued: !facts.lost,
    report: isFinal(record) ? (state as RunReport['state']) : 'none',
  });
}

/** The same in a word; `paused` where an operator holds back what would move. */
export function stateWordOf(record: RunRecord, facts: KnownFacts): RunState {
  const word = STATE_WORDS[standingOf(record, facts)];
  return isMoving(word) && facts.pausedBy !== null && !facts.committing ? 'paused' : word;
}

/** What an operator can do about a run that does not go on by itself. */
export function waysOutOfRun(record: RunRecord, facts: KnownFacts): WayOut[] {
  const state = standingOf(record, facts);
  return isMoving(STATE_WORDS[state]) ? [] : waysOutOf(state, record);
}

const sentence = (clause: string): string => `${clause.charAt(0).toUpperCase()}${clause.slice(1)}.`;

/** What holds a run back, in a sentence; null where nothing does. */
export function blockedBy(record: RunRecord, facts: KnownFacts, workersAlive: number): string | null {
  const state = standingOf(record, facts);
  const word = STATE_WORDS[state];
  if (isEnded(word)) return null;
  if (state !== 'blocked' && !isMoving(word)) return sentence(STATE_MEANINGS[state]);
  if (facts.failedPages > 0)
    return `The commit waits for ${facts.failedPages} failed page${facts.failedPages === 1 ? '' : 's'}.`;
  if (facts.committing) return null;
  if (facts.pausedBy === 'fleet') return 'The fleet is paused.';
  if (facts.pausedBy === 'table') return `Table ${record.table} is paused.`;
  if (facts.pausedBy === 'run') return 'The run is paused.';
  if (record.state !== 'planning' && workersAlive === 0) return 'No worker is there to take it up.';
  return null;
}
