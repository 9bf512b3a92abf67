import type { RunRecord } from '@lance-offload/core';
import type { Control, RunState, TableRow } from './answers.ts';

const FINAL: ReadonlySet<string> = new Set(['published', 'unchanged', 'cancelled']);

export function isFinal({ state }: RunRecord): boolean {
  return FINAL.has(state);
}

/** What is known of a run beside its record. */
export interface RunFacts {
  /** The queue has no job of it any more, and there is no report. */
  readonly lost: boolean;
  readonly failedPages: number;
  /** Whether its plan or its commit has failed. */
  readonly failedStep: 'plan' | 'commit' | null;
  /** Pages a living worker has under way. */
  readonly activePages: number;
  /** A living worker commits it. */
  readonly committing: boolean;
  readonly pausedBy: 'fleet' | 'table' | 'run' | null;
}

export function pausedBy({ table, runId }: RunRecord, control: Control): RunFacts['pausedBy'] {
  if (control.fleetPaused) return 'fleet';
  if (control.pausedTables.includes(table)) return 'table';
  return control.pausedRuns.includes(runId) ? 'run' : null;
}

/** The pages of a run by how they stand; they sum up to the total, whatever was told late. */
export function pagesOf(record: RunRecord, facts: RunFacts): TableRow['pages'] {
  const total = record.pages ?? (isFinal(record) ? record.stagedPages : null);
  if (total === null) return { total, staged: 0, active: 0, failed: 0, waiting: 0 };
  const staged = Math.min(total, record.stagedPages);
  const failed = Math.min(total - staged, facts.failedPages);
  const active = Math.min(total - staged - failed, facts.activePages);
  return { total, staged, active, failed, waiting: total - staged - failed - active };
}

/** How a run stands, from what was told of it and what its queue and the operator say. */
export function stateOf(record: RunRecord, facts: RunFacts): RunState {
  if (isFinal(record)) return record.state;
  if (facts.failedStep !== null) return 'failed';
  // Without a plan there is nothing to take up: it could not be planned, and was taken out of the queue.
  if (facts.lost) return record.state === 'planning' ? 'failed' : 'interrupted';
  const { total, active, failed, waiting } = pagesOf(record, facts);
  if (total !== null && failed > 0 && active === 0 && waiting === 0) return 'blocked';
  if (facts.pausedBy !== null && !facts.committing) return 'paused';
  if (record.state !== 'staging' || total === null) return record.state;
  return active === 0 && waiting === 0 ? 'committing' : 'staging';
}

/** What holds a run back, in a sentence; null where nothing does. */
export function blockedBy(
  state: RunState,
  record: RunRecord,
  facts: RunFacts,
  workersAlive: number,
): string | null {
  if (isFinal(record)) return null;
  if (state === 'failed')
    return facts.failedStep === 'commit'
      ? 'The commit has failed; nothing of the run is in the lake yet.'
      : 'The plan has failed; no page was fetched.';
  if (state === 'interrupted')
    return `The queue has lost the run; take it up again with \`lance-offload run --resume ${record.runId}\`.`;
  if (facts.failedPages > 0)
    return `The commit waits for ${facts.failedPages} failed page${facts.failedPages === 1 ? '' : 's'}.`;
  if (facts.committing) return null;
  if (facts.pausedBy === 'fleet') return 'The fleet is paused.';
  if (facts.pausedBy === 'table') return `Table ${record.table} is paused.`;
  if (facts.pausedBy === 'run') return 'The run is paused.';
  if (record.state !== 'planning' && workersAlive === 0) return 'No worker is there to take it up.';
  return null;
}
