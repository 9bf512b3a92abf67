import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  ALL_STATE_WORDS,
  isEnded,
  isMoving,
  RUN_STATES,
  STATE_WORDS,
  type RunState,
} from '../../src/jobs/state-words.ts';
import { COMMANDS, OBSERVATIONS, type RunEvent } from '../../src/jobs/run-events.ts';
import { stateOf, type RunFacts } from '../../src/jobs/run-state.ts';
import { TRANSITIONS } from '../../src/jobs/run-transitions.ts';
import { waysOutOf, WAYS_OUT } from '../../src/jobs/ways-out.ts';

const wordOf = (state: RunState) => STATE_WORDS[state];
const ofStates = <T>(make: (state: RunState) => T): Record<string, T> =>
  Object.fromEntries(RUN_STATES.map((state) => [state, make(state)]));

/** What a command does in each state, as `act`, or `act → state` where that is another one. */
const actsOf = (command: (typeof COMMANDS)[number]) =>
  ofStates((state) => {
    const { act, next } = TRANSITIONS[state][command];
    return next === state ? act : `${act} → ${next}`;
  });

/** All that can be reached from a state by some events. */
function reachable(from: RunState, next: (state: RunState) => readonly RunState[]): Set<RunState> {
  const found = new Set([from]);
  for (const state of found) for (const one of next(state)) found.add(one);
  return found;
}

const observed = (state: RunState) => OBSERVATIONS.map((observation) => TRANSITIONS[state][observation]);
/** Where a run goes on to by its ways out and, where it moves by itself, by what its processes do. */
const waysAndWorks = (state: RunState): RunState[] => [
  ...WAYS_OUT[state].map(({ command }) => TRANSITIONS[state][command].next),
  ...(isMoving(wordOf(state)) ? observed(state) : []),
];

const commanded = (state: RunState) => COMMANDS.map((command) => TRANSITIONS[state][command].next);

test('every state has a cell for every event, and each leads to a state', () => {
  const events = [...OBSERVATIONS, ...COMMANDS].toSorted();
  expect(ofStates((state) => Object.keys(TRANSITIONS[state]).toSorted())).toEqual(ofStates(() => events));
  const next = RUN_STATES.flatMap((state) => [...observed(state), ...commanded(state)]);
  expect(next.filter((state) => !RUN_STATES.includes(state))).toEqual([]);
  expect(Object.keys(TRANSITIONS)).toEqual(RUN_STATES);
});

describe('commands', () => {
  test('a new run of a table begins, takes the open run up, finishes it, gives it up, or is refused', () => {
    expect(actsOf('run')).toEqual({
      planning: 'follow',
      enqueuing: 'follow',
      staging: 'refuse',
      blocked: 'refuse',
      committing: 'refuse',
      publishing: 'refuse',
      reporting: 'finish → published',
      'plan-failed': 'withdraw → cancelled',
      'enqueue-failed': 'refuse',
      'commit-failed': 'refuse',
      'publish-failed': 'refuse',
      'first-publish-failed': 'refuse',
      unqueued: 'enqueue → planning',
      elsewhere: 'refuse',
      interrupted: 'refuse',
      'publish-lost': 'refuse',
      'first-publish-lost': 'refuse',
      unreported: 'finish → published',
      fenced: 'finish → cancelled',
      cancelling: 'begin',
      published: 'begin',
      unchanged: 'begin',
      cancelled: 'begin',
    });
  });

  test('a retry gives fresh attempts to what the queue still has', () => {
    expect(actsOf('retry')).toEqual({
      planning: 'retry',
      enqueuing: 'retry',
      staging: 'retry',
      blocked: 'retry → staging',
      committing: 'retry',
      publishing: 'retry',
      reporting: 'finish → published',
      'plan-failed': 'retry → planning',
      'enqueue-failed': 'retry → enqueuing',
      'commit-failed': 'retry → committing',
      'publish-failed': 'retry → publishing',
      'first-publish-failed': 'retry → publishing',
      unqueued: 'refuse',
      elsewhere: 'refuse',
      interrupted: 'refuse',
      'publish-lost': 'refuse',
      'first-publish-lost': 'refuse',
      unreported: 'finish → published',
      fenced: 'finish → cancelled',
      cancelling: 'refuse',
      published: 'refuse',
      unchanged: 'refuse',
      cancelled: 'refuse',
    });
  });

  test('a resume puts into the queue what the queue has lost, and leaves the rest alone', () => {
    expect(actsOf('resume')).toEqual({
      ...ofStates(() => 'follow'),
      unqueued: 'enqueue → planning',
      elsewhere: 'enqueue → planning',
      interrupted: 'enqueue → enqueuing',
      'publish-lost': 'enqueue → publishing',
      'first-publish-lost': 'enqueue → publishing',
      unreported: 'finish → published',
      fenced: 'finish → cancelled',
    });
  });

  test('a cancel is refused once the run is in the log, or is about to be', () => {
    expect(actsOf('cancel')).toEqual({
      ...ofStates(() => 'withdraw → cancelled'),
      publishing: 'refuse',
      reporting: 'finish → published',
      'publish-failed': 'fence → cancelled',
      'first-publish-failed': 'refuse',
      'publish-lost': 'fence → cancelled',
      'first-publish-lost': 'refuse',
      unreported: 'finish → published',
      fenced: 'finish → cancelled',
      published: 'refuse',
      unchanged: 'refuse',
      cancelled: 'refuse',
    });
  });

  test('what a command refuses or follows stays as it is', () => {
    const moved = RUN_STATES.flatMap((state) =>
      COMMANDS.filter((command) => {
        const { act, next } = TRANSITIONS[state][command];
        return ['refuse', 'follow', 'begin'].includes(act) && next !== state;
      }).map((command) => `${command} in ${state}`),
    );
    expect(moved).toEqual([]);
  });
});

const waysIn = (states: readonly RunState[]) =>
  states.flatMap((state) => WAYS_OUT[state].map(({ command }) => ({ state, command })));

describe('ways out', () => {
  test('each state that has not ended has one, and each is a command that is not refused there', () => {
    const open = RUN_STATES.filter((state) => !isEnded(wordOf(state)));
    expect(open.filter((state) => WAYS_OUT[state].length === 0)).toEqual([]);
    expect(
      waysIn(RUN_STATES).filter(({ state, command }) => TRANSITIONS[state][command].act === 'refuse'),
    ).toEqual([]);
  });

  test('one of a run that does not move by itself moves it on', () => {
    const stuck = RUN_STATES.filter((state) => !isEnded(wordOf(state)) && !isMoving(wordOf(state)));
    expect(waysIn(stuck).filter(({ state, command }) => TRANSITIONS[state][command].next === state)).toEqual(
      [],
    );
  });

  test('they are named as they are typed', () => {
    const run = { runId: 'documents-20261122T101500Z-7f3a', table: 'my documents' };
    expect(waysOutOf('plan-failed', run).map(({ command }) => command)).toEqual([
      "lance-offload run 'my documents'",
      'lance-offload retry documents-20261122T101500Z-7f3a',
      'lance-offload cancel documents-20261122T101500Z-7f3a',
    ]);
    expect(waysOutOf('publish-lost', run).map(({ command }) => command)).toEqual([
      'lance-offload run --resume documents-20261122T101500Z-7f3a',
      'lance-offload cancel documents-20261122T101500Z-7f3a',
    ]);
    expect(waysOutOf('published', run)).toEqual([]);
  });
});

describe('reach', () => {
  test('every state is reached from the opening by what is observed', () => {
    expect([...reachable('planning', observed)].toSorted()).toEqual(RUN_STATES.toSorted());
  });

  test('from each state its ways out, and what they bring about, end the run', () => {
    const endless = RUN_STATES.filter(
      (state) => ![...reachable(state, waysAndWorks)].some((one) => isEnded(wordOf(one))),
    );
    expect(endless).toEqual([]);
  });

  test('what has ended stays ended, whatever is observed or commanded', () => {
    const ended = RUN_STATES.filter((state) => isEnded(wordOf(state)));
    const next = ended.flatMap((state) => [...observed(state), ...commanded(state)]);
    expect(next.filter((state) => !isEnded(wordOf(state)))).toEqual([]);
  });
});

describe('facts', () => {
  const VALUES = {
    planned: [false, true],
    enqueued: [false, true],
    pages: ['waiting', 'staged', 'failed'],
    decision: ['none', 'commit', 'cancel'],
    log: ['no log', 'nothing', 'published', 'fenced'],
    failed: ['nothing', 'plan', 'commit'],
    queued: [false, true],
    openedElsewhere: [false, true],
    report: ['none', 'published', 'unchanged', 'cancelled'],
  } as const satisfies { readonly [Fact in keyof RunFacts]: readonly RunFacts[Fact][] };

  const ALL: readonly RunFacts[] = Object.entries(VALUES).reduce<readonly object[]>(
    (combinations, [fact, values]) =>
      combinations.flatMap((one) => values.map((value) => ({ ...one, [fact]: value }))),
    [{}],
  ) as readonly RunFacts[];

  const OPENED: RunFacts = {
    planned: false,
    enqueued: false,
    pages: 'waiting',
    decision: 'none',
    log: 'no log',
    failed: 'nothing',
    queued: true,
    openedElsewhere: false,
    report: 'none',
  };
  const PLANNED = { ...OPENED, planned: true, enqueued: true } as const;
  const STAGED = { ...PLANNED, pages: 'staged' } as const;
  const DECIDED = { ...STAGED, decision: 'commit', log: 'nothing' } as const;

  test.each<[RunState, RunFacts]>([
    ['planning', OPENED],
    ['plan-failed', { ...OPENED, failed: 'plan' }],
    ['unqueued', { ...OPENED, queued: false }],
    ['unqueued', { ...OPENED, queued: false, failed: 'plan' }],
    ['elsewhere', { ...OPENED, queued: false, openedElsewhere: true }],
    ['enqueuing', { ...PLANNED, enqueued: false }],
    ['enqueuing', { ...STAGED, enqueued: false }],
    ['enqueue-failed', { ...PLANNED, enqueued: false, failed: 'plan' }],
    ['staging', PLANNED],
    ['blocked', { ...PLANNED, pages: 'failed' }],
    ['interrupted', { ...PLANNED, queued: false }],
    ['interrupted', { ...STAGED, queued: false, failed: 'commit' }],
    ['committing', STAGED],
    ['commit-failed', { ...STAGED, failed: 'commit' }],
    ['publishing', DECIDED],
    ['publishing', { ...DECIDED, log: 'no log' }],
    ['publish-failed', { ...DECIDED, failed: 'commit' }],
    ['first-publish-failed', { ...DECIDED, log: 'no log', failed: 'commit' }],
    ['publish-lost', { ...DECIDED, queued: false }],
    ['first-publish-lost', { ...DECIDED, log: 'no log', queued: false }],
    ['reporting', { ...DECIDED, log: 'published' }],
    ['unreported', { ...DECIDED, log: 'published', failed: 'commit' }],
    ['unreported', { ...DECIDED, log: 'published', queued: false }],
    ['reporting', { ...STAGED, log: 'published' }], // of a release that made no decisions
    ['fenced', { ...DECIDED, log: 'fenced', failed: 'commit' }],
    ['cancelling', { ...PLANNED, decision: 'cancel' }],
    ['cancelled', { ...PLANNED, decision: 'cancel', queued: false }],
    ['cancelled', { ...OPENED, decision: 'cancel', queued: false }],
    ['unchanged', { ...PLANNED, enqueued: false, report: 'unchanged' }],
    ['published', { ...DECIDED, log: 'published', queued: false, report: 'published' }],
  ])('%s is what %o makes', (state, facts) => {
    expect(stateOf(facts)).toBe(state);
  });

  test('every combination of facts is a state, and a run with a report has ended as that says', () => {
    expect(ALL).toHaveLength(6912);
    const wrong = ALL.filter((facts) => {
      const state = stateOf(facts);
      return facts.report === 'none' ? !RUN_STATES.includes(state) : state !== facts.report;
    });
    expect(wrong).toEqual([]);
  });

  test('a run without a report is over if, and only if, it is decided to be cancelled and the log says nothing else', () => {
    const wrong = ALL.filter((facts) => {
      const { report, decision, log } = facts;
      const over = decision === 'cancel' && log !== 'published' && log !== 'fenced';
      return report === 'none' && isEnded(wordOf(stateOf(facts))) !== over;
    });
    expect(wrong).toEqual([]);
  });

  test('a run that is in the log is known to be, and then nothing cancels it', () => {
    const logged = ALL.filter(({ report, log }) => report === 'none' && log === 'published').map(stateOf);
    expect(new Set(logged)).toEqual(new Set(['reporting', 'unreported']));
    expect(logged.filter((state) => TRANSITIONS[state].cancel.next !== 'published')).toEqual([]);
  });
});

const read = (file: string) => readFile(new URL(`../../../../${file}`, import.meta.url), 'utf8');
const nextOf = (state: RunState, event: RunEvent): RunState | undefined => {
  const cell = TRANSITIONS[state][event] as RunState | { readonly next: RunState } | undefined;
  return typeof cell === 'object' ? cell.next : cell;
};

describe('documents', () => {
  test('the diagram of the states shows every state, moves that the table has, and all that commands make', async () => {
    const drawn = [
      ...(await read('docs/decisions/008-run-states.md')).matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm),
    ].flatMap(([, from = '', to = '', events = '']) =>
      events.split(', ').map((event) => `${from} --> ${to}: ${event}`.replaceAll('_', '-')),
    );
    const made = RUN_STATES.flatMap((state) =>
      [...OBSERVATIONS, ...COMMANDS].flatMap((event) => {
        const next = nextOf(state, event);
        return next === state ? [] : [{ state, event, line: `${state} --> ${next}: ${event}` }];
      }),
    );
    expect(drawn.filter((line) => !made.some((move) => move.line === line))).toEqual([]);
    const shown = new Set(drawn.flatMap((line) => line.split(':')[0]?.split(' --> ') ?? []));
    expect([...shown].toSorted()).toEqual(RUN_STATES.toSorted());
    const commands = made.filter(({ event }) => (COMMANDS as readonly string[]).includes(event));
    const left = commands.filter(({ line }) => !drawn.includes(line));
    expect(left.filter(({ state }) => TRANSITIONS[state].cancel.act !== 'withdraw')).toEqual([]);
    expect(new Set(left.map(({ event }) => event))).toEqual(new Set(['cancel']));
  });

  test('the operations guide names the ways out of each word', async () => {
    const section =
      (await read('docs/operations.md')).split('## Where a run stands')[1]?.split('\n## ')[0] ?? '';
    const rows = [...section.matchAll(/^\| `(\w+)` \|.*\|(.*)\|$/gm)];
    const named = rows.map(([, word, ways = '']) => [
      word,
      [...ways.matchAll(/`(\w+)`/g)].map(([, command]) => command).toSorted(),
    ]);
    const known = ALL_STATE_WORDS.map((word) => {
      const states = RUN_STATES.filter((state) => wordOf(state) === word);
      const commands = states.flatMap((state) => WAYS_OUT[state].map(({ command }) => command));
      return [word, [...new Set(commands)].toSorted()];
    });
    expect(Object.fromEntries(named)).toEqual(Object.fromEntries(known));
  });
});
