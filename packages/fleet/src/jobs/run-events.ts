import type { RunState } from './state-words.ts';

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
