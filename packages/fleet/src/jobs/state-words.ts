/** Each state as those who look at a run are told of it. */
export const STATE_WORDS = {
  planning: 'planning',
  enqueuing: 'planning',
  staging: 'staging',
  blocked: 'blocked',
  committing: 'committing',
  publishing: 'committing',
  reporting: 'committing',
  'plan-failed': 'failed',
  'enqueue-failed': 'failed',
  'commit-failed': 'failed',
  'publish-failed': 'failed',
  'first-publish-failed': 'failed',
  unqueued: 'interrupted',
  elsewhere: 'interrupted',
  interrupted: 'interrupted',
  'publish-lost': 'interrupted',
  'first-publish-lost': 'interrupted',
  unreported: 'unreported',
  fenced: 'unreported',
  cancelling: 'cancelled',
  published: 'published',
  unchanged: 'unchanged',
  cancelled: 'cancelled',
} as const;

/** Where a run stands. */
export type RunState = keyof typeof STATE_WORDS;

/**
 * - `planning`, `staging`, `committing`: moving, or waiting for a process to take it up.
 * - `blocked`: nothing moves any more but for failed pages; `failed`: the plan or the commit failed for good.
 * - `interrupted`: the lake has the run, this fleet's queues do not.
 * - `unreported`: the table's log has its end, and its report is not written.
 */
export type StateWord = (typeof STATE_WORDS)[RunState];

export const RUN_STATES = Object.keys(STATE_WORDS) as RunState[];

/** All words, in the order of a run's life. */
export const ALL_STATE_WORDS: readonly StateWord[] = [...new Set(Object.values(STATE_WORDS))];

const MOVING: ReadonlySet<StateWord> = new Set(['planning', 'staging', 'committing']);
const ENDED: ReadonlySet<StateWord> = new Set(['published', 'unchanged', 'cancelled']);

/** Whether it goes on by itself, given processes that work on it. */
export const isMoving = (state: StateWord): boolean => MOVING.has(state);

/** Whether it is over: nothing more happens to it. */
export const isEnded = (state: StateWord): boolean => ENDED.has(state);

/** A run that ended, or that only an operator can move on. */
export const isSettled = (state: StateWord): boolean => !isMoving(state);
