import type { Command } from './run-events.ts';
import type { RunState } from './state-words.ts';

/** A command that moves a run on, and what it does to the run. */
interface Way {
  readonly command: Command;
  readonly does: string;
}

/** A way out of a state, as an operator types it. */
export interface WayOut {
  /** Such as `lance-offload retry documents-20261122T101500Z-7f3a`. */
  readonly command: string;
  readonly does: string;
}

/** What each state means: what follows `is blocked: `. */
export const STATE_MEANINGS: Readonly<Record<RunState, string>> = {
  planning: 'its plan is being made, or waits for a producer',
  enqueuing: 'its pages are being put into the queue, or wait for a producer',
  staging: 'its pages are being fetched and staged, or wait for a worker',
  blocked: 'all its other pages are staged, and some have failed; nothing of it is published',
  committing: 'all its pages are staged; a worker is committing it, or it waits for one',
  publishing: 'it is decided to commit it, and a worker is about to write it into the log',
  reporting: 'it is published; a worker is about to write its report',
  'plan-failed': 'its plan could not be made; no page was fetched',
  'enqueue-failed': 'its pages could not be put into the queue; nothing of it is published',
  'commit-failed': 'its commit has failed; nothing of it is published',
  'publish-failed': 'it was decided to commit it, and its commit has failed; nothing of it is published yet',
  'first-publish-failed':
    'it was decided to commit it, and its commit, the first one of the table, has failed; nothing of it is published yet',
  unqueued: 'it was started and is not planned yet, and it is not in the queue',
  elsewhere:
    "it was started by another fleet, or before this fleet's Redis was emptied, and is not planned yet",
  interrupted:
    "it is not in this fleet's queue: Redis was emptied, or another fleet works on it; its plan and its staged pages are in the lake",
  'publish-lost':
    "it was decided to commit it, and it is not in this fleet's queue: Redis was emptied, or another fleet works on it",
  'first-publish-lost':
    "it was decided to commit it, as the first run of its table, and it is not in this fleet's queue: Redis was emptied, or another fleet works on it",
  unreported: 'it is published; its report is not written yet',
  fenced: 'the log says that it is cancelled; its report is not written yet',
  cancelling: 'it is being cancelled; some of its jobs are still in the queue',
  published: 'it is in the lake',
  unchanged: 'the lake held this version already',
  cancelled: 'nothing of it is published',
};

const FOLLOW: Way = {
  command: 'resume',
  does: 'follows it to its end, with workers of its own where you add --workers 2',
};
const PLAN: Way = { command: 'run', does: 'plans it, where no other producer does' };
const CANCEL: Way = { command: 'cancel', does: 'ends it, and nothing of it is published' };
const RETRY: Way = {
  command: 'retry',
  does: 'once the cause is gone: gives what failed fresh attempts; the run then goes on by itself',
};
const RESUME: Way = { command: 'resume', does: 'takes it up where it stopped' };
const FINISH: readonly Way[] = [
  { command: 'retry', does: 'writes its report' },
  { command: 'run', does: 'writes its report, and begins the next run of the table' },
];

/** The ways out of each state. Those of a state that moves by itself are for where no process works on it. */
export const WAYS_OUT: Readonly<Record<RunState, readonly Way[]>> = {
  planning: [PLAN, CANCEL],
  enqueuing: [PLAN, CANCEL],
  staging: [FOLLOW, CANCEL],
  blocked: [RETRY, CANCEL],
  committing: [FOLLOW, CANCEL],
  publishing: [FOLLOW],
  reporting: [FOLLOW, ...FINISH],
  'plan-failed': [
    {
      command: 'run',
      does: 'gives it up, and begins a new run of the table, with the configuration as it is now',
    },
    {
      command: 'retry',
      does: 'once the cause is gone: plans it again, with the options it was started with',
    },
    CANCEL,
  ],
  'enqueue-failed': [RETRY, CANCEL],
  'commit-failed': [RETRY, CANCEL],
  'publish-failed': [RETRY, CANCEL],
  'first-publish-failed': [RETRY],
  unqueued: [{ command: 'run', does: 'takes it up' }, RESUME, CANCEL],
  elsewhere: [{ command: 'resume', does: 'takes it over, if that fleet is gone' }, CANCEL],
  interrupted: [RESUME, CANCEL],
  'publish-lost': [RESUME, CANCEL],
  'first-publish-lost': [RESUME],
  unreported: FINISH,
  fenced: FINISH,
  cancelling: [{ command: 'cancel', does: 'takes what is left of it out of the queue' }],
  published: [],
  unchanged: [],
  cancelled: [],
};

/** A word as a POSIX shell reads it. */
export function shellWord(text: string): string {
  return /^[\w.-]+$/.test(text) && !text.startsWith('-')
    ? text
    : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

interface NamedRun {
  readonly runId: string;
  readonly table: string;
}

const COMMAND_LINES: Readonly<Record<Command, (run: NamedRun) => string>> = {
  run: ({ table }) => `lance-offload run ${shellWord(table)}`,
  retry: ({ runId }) => `lance-offload retry ${runId}`,
  resume: ({ runId }) => `lance-offload run --resume ${runId}`,
  cancel: ({ runId }) => `lance-offload cancel ${runId}`,
};

/** What an operator can do about a run in a state, the best first; nothing for one that has ended. */
export function waysOutOf(state: RunState, run: NamedRun): WayOut[] {
  return WAYS_OUT[state].map(({ command, does }) => ({ command: COMMAND_LINES[command](run), does }));
}

/** A state in words: what it means, and each way out of it. */
export function stateWords(state: RunState, run: NamedRun): string {
  const ways = waysOutOf(state, run).map(({ command, does }) => `\`${command}\` (${does})`);
  return `${STATE_MEANINGS[state]}${ways.length > 0 ? `; ways out: ${ways.join(', ')}` : ''}`;
}
