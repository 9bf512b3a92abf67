import type { RunReport } from '../lake/report.ts';
import { TRANSITIONS } from './run-transitions.ts';

/** What is observed of a run: each holds for good once it does, but for what a command undoes. In the order in which it is replayed. */
export const OBSERVATIONS = [
  'plan written',
  'pages enqueued',
  'all pages staged',
  'only failed pages left',
  'decided to commit',
  'logged',
  'fenced',
  'decided to cancel',
  'plan failed',
  'commit failed',
  'queue lost',
  'opened elsewhere',
  'no log to fence in',
  'reported published',
  'reported unchanged',
  'reported cancelled',
] as const;
export type Observation = (typeof OBSERVATIONS)[number];

/** What an operator does about a run: `run` is a new run of its table, `resume` is `run --resume`. */
export const COMMANDS = ['run', 'retry', 'resume', 'cancel'] as const;
export type Command = (typeof COMMANDS)[number];

export type RunEvent = Observation | Command;

/**
 * What a command makes of a run.
 * - `begin`: the run has ended, and a new one of its table begins; `follow`: it goes on as it is; `refuse`: likewise, and the operator hears why.
 * - `retry`: what failed gets fresh attempts; `enqueue`: its jobs are put into the queue again.
 * - `finish`: its report is written, from the table's log.
 * - `withdraw`: cancelled; `fence`: cancelled by an entry of the log, since it is decided that it is committed.
 */
export type Act = 'begin' | 'follow' | 'refuse' | 'retry' | 'enqueue' | 'finish' | 'withdraw' | 'fence';

export interface Outcome {
  readonly act: Act;
  readonly next: RunState;
}

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

/** All that the lake and the queue say of a run as far as its state depends on it. */
export interface RunFacts {
  /** plan.json is there. */
  readonly planned: boolean;
  /** The job that plans it is done: its pages are in the queue. */
  readonly enqueued: boolean;
  /** `staged`: every page has its receipt, and none has failed; `failed`: no page is left but those that failed. */
  readonly pages: 'waiting' | 'staged' | 'failed';
  readonly decision: 'none' | 'commit' | 'cancel';
  /** What the table's log says of the run; `no log` where the table has none. */
  readonly log: 'no log' | 'nothing' | 'published' | 'fenced';
  /** The job of the run that failed for good, pages apart. */
  readonly failed: 'nothing' | 'plan' | 'commit';
  /** The queue has the run's commit, and it is still to be done. */
  readonly queued: boolean;
  /** Another fleet's producer opened it, as far as is known. */
  readonly openedElsewhere: boolean;
  readonly report: 'none' | RunReport['state'];
}

/** The facts as events, in their canonical order. */
function observationsOf(facts: RunFacts): Observation[] {
  const { planned, pages, decision, log, failed, report } = facts;
  const holds: Readonly<Record<Observation, boolean>> = {
    'plan written': planned,
    'pages enqueued': planned && facts.enqueued,
    'all pages staged': planned && pages === 'staged',
    'only failed pages left': planned && pages === 'failed',
    'decided to commit': decision === 'commit',
    logged: log === 'published',
    fenced: log === 'fenced',
    'decided to cancel': decision === 'cancel',
    'plan failed': failed === 'plan',
    'commit failed': failed === 'commit',
    'queue lost': !facts.queued,
    'opened elsewhere': facts.openedElsewhere,
    'no log to fence in': log === 'no log',
    'reported published': report === 'published',
    'reported unchanged': report === 'unchanged',
    'reported cancelled': report === 'cancelled',
  };
  return OBSERVATIONS.filter((observation) => holds[observation]);
}

/** The state of a run: what is known of it, replayed from its opening. */
export function stateOf(facts: RunFacts): RunState {
  return observationsOf(facts).reduce<RunState>(
    (state, observation) => TRANSITIONS[state][observation],
    'planning',
  );
}
