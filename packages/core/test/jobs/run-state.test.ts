import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import {
  ALL_STATE_WORDS,
  COMMANDS,
  isEnded,
  isMoving,
  OBSERVATIONS,
  RUN_STATES,
  STATE_WORDS,
  stateOf,
  type RunEvent,
  type RunFacts,
  type RunState,
} from '../../src/jobs/run-state.ts';
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
const commanded = (state: RunState) => COMMANDS.map((command) => TRANSITIONS[state][command].next);

test('every state has a cell for every event, and each leads to a state', () => {
  for (const state of RUN_STATES) {
    expect(Object.keys(TRANSITIONS[state]).toSorted(), state).toEqual(
      [...OBSERVATIONS, ...COMMANDS].toSorted(),
    );
    for (const next of [...observed(state), ...commanded(state)]) expect(RUN_STATES, state).toContain(next);
  }
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
    for (const state of RUN_STATES)
      for (const { act, next } of COMMANDS.map((command) => TRANSITIONS[state][command]))
        if (['refuse', 'follow', 'begin'].includes(act)) expect(next, state).toBe(state);
  });
});

describe('ways out', () => {
  test('each state that has not ended has one, and each is a command that is not refused there', () => {
    for (const state of RUN_STATES) {
      if (!isEnded(wordOf(state))) expect(WAYS_OUT[state].length, state).toBeGreaterThan(0);
      for (const { command } of WAYS_OUT[state])
        expect(TRANSITIONS[state][command].act, `${command} in ${state}`).not.toBe('refuse');
    }
  });

  test('one of a run that does not move by itself moves it on', () => {
    for (const state of RUN_STATES.filter((one) => !isEnded(wordOf(one)) && !isMoving(wordOf(one))))
      for (const { command } of WAYS_OUT[state])
        expect(TRANSITIONS[state][command].next, `${command} in ${state}`).not.toBe(state);
  });

  test('they are named as they are typed', () => {
    const run = { runId: 'documents-20261122T101500Z-7f3a', table: 'my documents' };
    expect(waysOutOf('plan-failed', run).map(({ command }) => command)).toEqual([
      'lance-offload retry documents-20261122T101500Z-7f3a',
      "lance-offload run 'my documents'",
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

  test('no state is left but to an end: from each one the ways out and what they bring about end the run', () => {
    const moves = (state: RunState): RunState[] => [
      ...WAYS_OUT[state].map(({ command }) => TRANSITIONS[state][command].next),
      ...(isMoving(wordOf(state)) ? observed(state) : []),
    ];
    for (const state of RUN_STATES) {
      const ends = [...reachable(state, moves)].filter((one) => isEnded(wordOf(one)));
      expect(ends.length, state).toBeGreaterThan(0);
    }
  });

  test('what has ended stays ended, whatever is observed or commanded', () => {
    for (const state of RUN_STATES.filter((one) => isEnded(wordOf(one))))
      for (const next of [...observed(state), ...commanded(state)])
        expect(isEnded(wordOf(next)), `${state} → ${next}`).toBe(true);
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
    for (const facts of ALL) {
      const state = stateOf(facts);
      if (facts.report === 'none') expect(RUN_STATES).toContain(state);
      else expect(state, JSON.stringify(facts)).toBe(facts.report);
    }
  });

  test('a run without a report is over if, and only if, it is decided to be cancelled and the log says nothing else', () => {
    for (const facts of ALL.filter(({ report }) => report === 'none')) {
      const over = facts.decision === 'cancel' && facts.log !== 'published' && facts.log !== 'fenced';
      expect(isEnded(wordOf(stateOf(facts))), JSON.stringify(facts)).toBe(over);
    }
  });

  test('a run is in the log only where the state says so, and then nothing cancels it', () => {
    for (const facts of ALL.filter(({ report, log }) => report === 'none' && log === 'published')) {
      const state = stateOf(facts);
      expect(['reporting', 'unreported'], JSON.stringify(facts)).toContain(state);
      expect(TRANSITIONS[state].cancel.next).toBe('published');
    }
  });
});

describe('documents', () => {
  const read = (file: string) => readFile(new URL(`../../../../${file}`, import.meta.url), 'utf8');
  const nextOf = (state: RunState, event: RunEvent): RunState | undefined => {
    const cell = TRANSITIONS[state][event] as RunState | { readonly next: RunState } | undefined;
    return typeof cell === 'object' ? cell.next : cell;
  };

  test('the diagram of the architecture shows every state, moves that the table has, and all that commands make', async () => {
    const drawn = [...(await read('ARCHITECTURE.md')).matchAll(/^ {2}(\w+) --> (\w+): (.+)$/gm)].flatMap(
      ([, from = '', to = '', events = '']) =>
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
