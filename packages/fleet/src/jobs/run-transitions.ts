import type { Act, Command, Observation, Outcome } from './run-events.ts';
import type { RunState } from './state-words.ts';

type Row = Readonly<Record<Observation, RunState> & Record<Command, Outcome>>;

/**
 * A row of the table. Each observation is either a move or named among those that change nothing: one that is neither does
 * not compile.
 */
function row<M extends Observation, S extends Exclude<Observation, M>>(
  state: RunState,
  moves: Readonly<Record<M, RunState>>,
  stays: readonly S[] & ([Exclude<Observation, M | S>] extends [never] ? unknown : never),
  commands: Readonly<Record<Command, Act | readonly [Act, RunState]>>,
): Row {
  const outcomes = Object.entries(commands).map(([command, outcome]) => {
    const [act, next] = typeof outcome === 'string' ? [outcome, state] : outcome;
    return [command, { act, next } satisfies Outcome] as const;
  });
  const unmoved = stays.map((observation) => [observation, state] as const);
  const cells: unknown = { ...Object.fromEntries(unmoved), ...moves, ...Object.fromEntries(outcomes) };
  return cells as Row; // the types of the parameters say that no cell is missing
}

const REPORTED = {
  'reported published': 'published',
  'reported unchanged': 'unchanged',
  'reported cancelled': 'cancelled',
} as const;

/** Of a run that nobody works on: the log has its end, and nobody is about to write the report. */
const LEFT = { ...REPORTED, logged: 'unreported', fenced: 'fenced' } as const;

/** Of a run whose jobs are in the queue. */
const ALIVE = { ...REPORTED, logged: 'reporting', fenced: 'fenced' } as const;

const CANCEL = ['withdraw', 'cancelled'] as const;
const FENCE = ['fence', 'cancelled'] as const;
const FINISH = ['finish', 'published'] as const;
const END = ['finish', 'cancelled'] as const;

function endedRow(state: RunState): Row {
  return row(
    state,
    REPORTED,
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'logged', 'fenced', 'decided to cancel', 'plan failed'] as const),
      ...(['commit failed', 'queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'begin', retry: 'refuse', resume: 'follow', cancel: 'refuse' },
  );
}

/**
 * What each event makes of a run in each state. Observations are facts, in whatever order they come to light; commands are
 * what operators may do, with what is done about it.
 */
export const TRANSITIONS: Readonly<Record<RunState, Row>> = {
  planning: row(
    'planning',
    {
      ...ALIVE,
      'plan written': 'enqueuing',
      'decided to commit': 'publishing',
      'decided to cancel': 'cancelling',
      'plan failed': 'plan-failed',
      'commit failed': 'plan-failed',
      'queue lost': 'unqueued',
    },
    [
      'pages enqueued',
      'all pages staged',
      'only failed pages left',
      'opened elsewhere',
      'no log to fence in',
    ],
    { run: 'follow', retry: 'retry', resume: 'follow', cancel: CANCEL },
  ),
  enqueuing: row(
    'enqueuing',
    {
      ...ALIVE,
      'pages enqueued': 'staging',
      'decided to commit': 'publishing',
      'decided to cancel': 'cancelling',
      'plan failed': 'enqueue-failed',
      'commit failed': 'enqueue-failed',
      'queue lost': 'interrupted',
    },
    ['plan written', 'all pages staged', 'only failed pages left', 'opened elsewhere', 'no log to fence in'],
    { run: 'follow', retry: 'retry', resume: 'follow', cancel: CANCEL },
  ),
  staging: row(
    'staging',
    {
      ...ALIVE,
      'all pages staged': 'committing',
      'only failed pages left': 'blocked',
      'decided to commit': 'publishing',
      'decided to cancel': 'cancelling',
      'plan failed': 'enqueue-failed',
      'commit failed': 'commit-failed',
      'queue lost': 'interrupted',
    },
    ['plan written', 'pages enqueued', 'opened elsewhere', 'no log to fence in'],
    { run: 'refuse', retry: 'retry', resume: 'follow', cancel: CANCEL },
  ),
  blocked: row(
    'blocked',
    {
      ...LEFT,
      'all pages staged': 'committing',
      'decided to commit': 'publish-failed',
      'decided to cancel': 'cancelling',
      'plan failed': 'enqueue-failed',
      'commit failed': 'commit-failed',
      'queue lost': 'interrupted',
    },
    ['plan written', 'pages enqueued', 'only failed pages left', 'opened elsewhere', 'no log to fence in'],
    { run: 'refuse', retry: ['retry', 'staging'], resume: 'follow', cancel: CANCEL },
  ),
  committing: row(
    'committing',
    {
      ...ALIVE,
      'only failed pages left': 'blocked',
      'decided to commit': 'publishing',
      'decided to cancel': 'cancelling',
      'plan failed': 'enqueue-failed',
      'commit failed': 'commit-failed',
      'queue lost': 'interrupted',
    },
    ['plan written', 'pages enqueued', 'all pages staged', 'opened elsewhere', 'no log to fence in'],
    { run: 'refuse', retry: 'retry', resume: 'follow', cancel: CANCEL },
  ),
  // From here on the decision stands, and no other one can be taken.
  publishing: row(
    'publishing',
    {
      ...ALIVE,
      'only failed pages left': 'publish-failed',
      'plan failed': 'publish-failed',
      'commit failed': 'publish-failed',
      'queue lost': 'publish-lost',
    },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'decided to commit'] as const),
      ...(['decided to cancel', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: 'retry', resume: 'follow', cancel: 'refuse' },
  ),
  reporting: row(
    'reporting',
    {
      ...REPORTED,
      'only failed pages left': 'unreported',
      'plan failed': 'unreported',
      'commit failed': 'unreported',
      'queue lost': 'unreported',
    },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'decided to commit', 'logged'] as const),
      ...(['fenced', 'decided to cancel', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: FINISH, retry: FINISH, resume: 'follow', cancel: FINISH },
  ),
  'plan-failed': row(
    'plan-failed',
    {
      ...LEFT,
      'plan written': 'enqueue-failed',
      'decided to commit': 'publish-failed',
      'decided to cancel': 'cancelling',
      'queue lost': 'unqueued',
    },
    [
      ...(['pages enqueued', 'all pages staged', 'only failed pages left', 'plan failed'] as const),
      ...(['commit failed', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: CANCEL, retry: ['retry', 'planning'], resume: 'follow', cancel: CANCEL },
  ),
  'enqueue-failed': row(
    'enqueue-failed',
    {
      ...LEFT,
      'decided to commit': 'publish-failed',
      'decided to cancel': 'cancelling',
      'queue lost': 'interrupted',
    },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['plan failed', 'commit failed', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: ['retry', 'enqueuing'], resume: 'follow', cancel: CANCEL },
  ),
  'commit-failed': row(
    'commit-failed',
    {
      ...LEFT,
      'decided to commit': 'publish-failed',
      'decided to cancel': 'cancelling',
      'queue lost': 'interrupted',
    },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['plan failed', 'commit failed', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: ['retry', 'committing'], resume: 'follow', cancel: CANCEL },
  ),
  'publish-failed': row(
    'publish-failed',
    { ...LEFT, 'queue lost': 'publish-lost', 'no log to fence in': 'first-publish-failed' },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'decided to cancel', 'plan failed', 'commit failed'] as const),
      ...(['opened elsewhere'] as const),
    ],
    { run: 'refuse', retry: ['retry', 'publishing'], resume: 'follow', cancel: FENCE },
  ),
  'first-publish-failed': row(
    'first-publish-failed',
    { ...LEFT, 'queue lost': 'first-publish-lost' },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'decided to cancel', 'plan failed', 'commit failed'] as const),
      ...(['opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: ['retry', 'publishing'], resume: 'follow', cancel: 'refuse' },
  ),
  unqueued: row(
    'unqueued',
    {
      ...LEFT,
      'plan written': 'interrupted',
      'decided to commit': 'publish-lost',
      'decided to cancel': 'cancelled',
      'opened elsewhere': 'elsewhere',
    },
    [
      ...(['pages enqueued', 'all pages staged', 'only failed pages left', 'plan failed'] as const),
      ...(['commit failed', 'queue lost', 'no log to fence in'] as const),
    ],
    {
      run: ['enqueue', 'planning'],
      retry: 'refuse',
      resume: ['enqueue', 'planning'],
      cancel: CANCEL,
    },
  ),
  elsewhere: row(
    'elsewhere',
    {
      ...LEFT,
      'plan written': 'interrupted',
      'decided to commit': 'publish-lost',
      'decided to cancel': 'cancelled',
    },
    [
      ...(['pages enqueued', 'all pages staged', 'only failed pages left', 'plan failed'] as const),
      ...(['commit failed', 'queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: 'refuse', resume: ['enqueue', 'planning'], cancel: CANCEL },
  ),
  interrupted: row(
    'interrupted',
    { ...LEFT, 'decided to commit': 'publish-lost', 'decided to cancel': 'cancelled' },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['plan failed', 'commit failed', 'queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: 'refuse', resume: ['enqueue', 'enqueuing'], cancel: CANCEL },
  ),
  'publish-lost': row(
    'publish-lost',
    { ...LEFT, 'no log to fence in': 'first-publish-lost' },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'decided to cancel', 'plan failed', 'commit failed'] as const),
      ...(['queue lost', 'opened elsewhere'] as const),
    ],
    { run: 'refuse', retry: 'refuse', resume: ['enqueue', 'publishing'], cancel: FENCE },
  ),
  'first-publish-lost': row(
    'first-publish-lost',
    LEFT,
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'decided to cancel', 'plan failed', 'commit failed'] as const),
      ...(['queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'refuse', retry: 'refuse', resume: ['enqueue', 'publishing'], cancel: 'refuse' },
  ),
  unreported: row(
    'unreported',
    REPORTED,
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'logged', 'fenced', 'decided to cancel', 'plan failed'] as const),
      ...(['commit failed', 'queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: FINISH, retry: FINISH, resume: FINISH, cancel: FINISH },
  ),
  fenced: row(
    'fenced',
    REPORTED,
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'logged', 'fenced', 'decided to cancel', 'plan failed'] as const),
      ...(['commit failed', 'queue lost', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: END, retry: END, resume: END, cancel: END },
  ),
  cancelling: row(
    'cancelling',
    { ...REPORTED, 'queue lost': 'cancelled' },
    [
      ...(['plan written', 'pages enqueued', 'all pages staged', 'only failed pages left'] as const),
      ...(['decided to commit', 'logged', 'fenced', 'decided to cancel', 'plan failed'] as const),
      ...(['commit failed', 'opened elsewhere', 'no log to fence in'] as const),
    ],
    { run: 'begin', retry: 'refuse', resume: 'follow', cancel: CANCEL },
  ),
  published: endedRow('published'),
  unchanged: endedRow('unchanged'),
  cancelled: endedRow('cancelled'),
};
