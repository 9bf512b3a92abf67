import type { RunState, WorkerRow } from '../src/api/answers.ts';
import type { PageDetail } from '../src/api/run-answers.ts';

/** How much a state asks for the operator: what colour it has, and what comes first in a list. */
export type Tone = 'bad' | 'warn' | 'busy' | 'good' | 'calm';

interface Word {
  readonly word: string;
  readonly tone: Tone;
  readonly order: number;
}

export const RUN_STATES: Readonly<Record<RunState, Word>> = {
  blocked: { word: 'blocked', tone: 'bad', order: 0 },
  failed: { word: 'failed', tone: 'bad', order: 1 },
  interrupted: { word: 'interrupted', tone: 'warn', order: 2 },
  unreported: { word: 'unreported', tone: 'warn', order: 3 },
  paused: { word: 'paused', tone: 'warn', order: 4 },
  staging: { word: 'staging', tone: 'busy', order: 5 },
  committing: { word: 'committing', tone: 'busy', order: 6 },
  planning: { word: 'planning', tone: 'busy', order: 7 },
  published: { word: 'published', tone: 'good', order: 8 },
  unchanged: { word: 'unchanged', tone: 'calm', order: 9 },
  cancelled: { word: 'cancelled', tone: 'calm', order: 10 },
};

export const WORKER_STATES: Readonly<Record<WorkerRow['state'], Word>> = {
  lost: { word: 'lost', tone: 'bad', order: 0 },
  stopping: { word: 'stopping', tone: 'warn', order: 1 },
  working: { word: 'working', tone: 'busy', order: 2 },
  idle: { word: 'idle', tone: 'calm', order: 3 },
  stopped: { word: 'stopped', tone: 'calm', order: 4 },
};

export const PAGE_STATES: Readonly<Record<PageDetail['state'], Word>> = {
  failed: { word: 'failed', tone: 'bad', order: 0 },
  retrying: { word: 'retrying', tone: 'warn', order: 1 },
  active: { word: 'running', tone: 'busy', order: 2 },
  waiting: { word: 'waiting', tone: 'calm', order: 3 },
  staged: { word: 'done', tone: 'good', order: 4 },
};

const CLOSED: ReadonlySet<RunState> = new Set(['published', 'unchanged', 'cancelled']);

/** Whether nothing more happens to the run. */
export function isClosed(state: RunState): boolean {
  return CLOSED.has(state);
}

const MODES: Readonly<Record<string, string>> = {
  APPEND_ONLY: 'append',
  SCD_TYPE_1: 'SCD type 1',
  SCD_TYPE_2: 'SCD type 2',
};

export function modeWord(ingestionType: string | null): string {
  return ingestionType === null ? '–' : (MODES[ingestionType] ?? ingestionType);
}
