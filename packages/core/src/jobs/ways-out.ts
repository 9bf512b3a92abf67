import type { Command, RunState } from './run-state.ts';

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
  blocked: 'nothing is left of it but pages that have failed; nothing of it is in the lake',
  committing: 'all its pages are staged, and a worker commits it, or is to do so',
  publishing: 'it is decided that it is committed, and a worker is about to write it into the log',
  reporting: 'it is in the log, and a worker is about to write its report',
  'plan-failed': 'its plan could not be made; no page was fetched',
  'enqueue-failed': 'its pages could not be put into the queue; nothing of it is in the lake',
  'commit-failed': 'its commit has failed; nothing of it is in the lake',
  'publish-failed':
    'it was decided that it is committed, and its commit has failed; nothing of it is in the lake yet',
  'first-publish-failed':
    'it was decided that it is committed, and its commit, the first one of the table, has failed; nothing of it is in the lake yet',
  unqueued: 'it was opened, and is not in the queue',
  elsewhere:
    "it was opened by another fleet, or before this fleet's Redis was emptied, and is not planned yet",
  interrupted: 'the queue has lost it; its plan and its staged pages are in the lake',
  'publish-lost': 'it was decided that it is committed, and the queue has lost it',
  'first-publish-lost':
    'it was decided that it is committed, as the first run of its table, and the queue has lost it',
  unreported: 'it is in the log, and its report is not written',
  fenced: 'the log says that it is cancelled, and its report is not written',
  cancelling: 'it is decided that it is cancelled; some of its jobs are still in the queue',
  published: 'it is in the lake',
  unchanged: 'the lake held this version already',
  cancelled: 'nothing of it is in the lake',
};

const FOLLOW: Way = {
  command: 'resume',
  does: 'follows it to its end, with workers of its own where you add --workers 2',
};
const PLAN: Way = { command: 'run', does: 'plans it, where no other producer does' };
const CANCEL: Way = { command: 'cancel', does: 'ends it, and nothing of it is published' };
const RETRY: Way = {
  command: 'retry',
  does: 'gives what failed fresh attempts, once the cause is gone, and the run goes on by itself',
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
    RETRY,
    { command: 'run', does: 'gives it up, and begins the next run of the table' },
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
