import type { RunRecord } from '@lance-offload/fleet';
import { expect, test } from 'vitest';
import { blockedBy, stateWordOf, waysOutOfRun, type KnownFacts } from '../../src/api/run-state.ts';

const RUN_ID = 'documents-20261122T101500Z-7f3a';

const OPENED: RunRecord = {
  runId: RUN_ID,
  table: 'documents',
  destination: 'documents',
  state: 'planning',
  startedAtMs: 1,
  stagedPages: 0,
  rows: 0,
  bytes: 0,
  retries: 0,
};
const PLANNED: RunRecord = { ...OPENED, state: 'staging', pages: 3 };
const STAGED: RunRecord = { ...PLANNED, stagedPages: 3 };
const COMMITTING: RunRecord = { ...STAGED, state: 'committing' };

const NOTHING: KnownFacts = {
  lost: false,
  claims: null,
  failedPages: 0,
  failedStep: null,
  activePages: 0,
  committing: false,
  pausedBy: null,
};
const LOST = { ...NOTHING, lost: true };
const FAILED = { ...NOTHING, failedStep: 'commit' } as const;
const MINE = { decision: 'none', log: 'nothing', openedElsewhere: false } as const;
const DECIDED = { ...MINE, decision: 'commit' } as const;

const commands = (record: RunRecord, facts: KnownFacts) =>
  waysOutOfRun(record, facts).map(({ command }) =>
    command.replace(RUN_ID, 'RUN').replace('lance-offload ', ''),
  );

test.each<[string, RunRecord, KnownFacts, string[]]>([
  ['planning', OPENED, NOTHING, []],
  ['paused', OPENED, { ...NOTHING, pausedBy: 'table' }, []],
  ['failed', OPENED, { ...NOTHING, failedStep: 'plan' }, ['run documents', 'retry RUN', 'cancel RUN']],
  ['interrupted', OPENED, LOST, ['run documents', 'run --resume RUN', 'cancel RUN']],
  [
    'interrupted',
    OPENED,
    { ...LOST, claims: { ...MINE, openedElsewhere: true } },
    ['run --resume RUN', 'cancel RUN'],
  ],
  ['staging', PLANNED, NOTHING, []],
  ['staging', { ...PLANNED, stagedPages: 1 }, { ...NOTHING, failedPages: 1 }, []],
  ['staging', { ...PLANNED, stagedPages: 1 }, { ...NOTHING, failedPages: 1, activePages: 1 }, []],
  ['blocked', { ...PLANNED, stagedPages: 1 }, { ...NOTHING, failedPages: 2 }, ['retry RUN', 'cancel RUN']],
  ['blocked', PLANNED, { ...NOTHING, failedPages: 3, pausedBy: 'run' }, ['retry RUN', 'cancel RUN']],
  ['interrupted', PLANNED, LOST, ['run --resume RUN', 'cancel RUN']],
  ['committing', STAGED, NOTHING, []],
  ['committing', { ...COMMITTING, stagedPages: 2 }, { ...NOTHING, committing: true, pausedBy: 'run' }, []],
  ['failed', COMMITTING, FAILED, ['retry RUN', 'cancel RUN']],
  ['failed', COMMITTING, { ...FAILED, claims: { ...DECIDED, log: 'no log' } }, ['retry RUN']],
  ['failed', { ...COMMITTING, step: 'decided' }, FAILED, ['retry RUN', 'cancel RUN']],
  ['unreported', { ...COMMITTING, step: 'logged' }, FAILED, ['retry RUN', 'run documents']],
  [
    'unreported',
    COMMITTING,
    { ...LOST, claims: { ...DECIDED, log: 'published' } },
    ['retry RUN', 'run documents'],
  ],
  ['published', { ...STAGED, state: 'published' }, LOST, []],
])('a run is %s by %o and %o', (word, record, facts, ways) => {
  expect([stateWordOf(record, facts), commands(record, facts)]).toEqual([word, ways]);
});

test('what holds a run back is a sentence; nothing holds back one that moves or has ended', () => {
  expect(blockedBy(PLANNED, LOST, 1)).toBe(
    "It is not in this fleet's queue: Redis was emptied, or another fleet works on it; its plan and its staged pages are in the lake.",
  );
  expect(blockedBy(OPENED, { ...NOTHING, failedStep: 'plan' }, 1)).toBe(
    'Its plan could not be made; no page was fetched.',
  );
  expect(blockedBy(PLANNED, { ...NOTHING, failedPages: 3 }, 1)).toBe('The commit waits for 3 failed pages.');
  expect(blockedBy(PLANNED, NOTHING, 0)).toBe('No worker is there to take it up.');
  expect(blockedBy(PLANNED, NOTHING, 1)).toBeNull();
  expect(blockedBy({ ...STAGED, state: 'cancelled' }, LOST, 0)).toBeNull();
});
