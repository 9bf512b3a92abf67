import type { HistoryPart } from '@lance-offload/core';
import { expect, test } from 'vitest';
import { historyTable, olderLines } from '../../src/screen/history-words.ts';

const rows = { inserted: 1, updated: 2, deleted: 0, unchanged: 1200, late: 0, superseded: 0, ties: 0 };

const commit = (version: number): HistoryPart['commits'][number] => ({
  version,
  timestamp: '2026-11-22T10:15:00.000Z',
  operation: 'MERGE',
  runId: 'documents-20261122T101500Z-7f3a',
  ingestionType: 'SCD_TYPE_1',
  sourceVersion: 7,
  rows,
  bytes: 12_300,
  filesAdded: 2,
  filesRemoved: 1,
});

test('a commit is a line of its version, its run and what became of the rows', () => {
  expect(historyTable([commit(3)])).toMatch(
    /\b3\b.*2026-11-22T10:15:00\.000Z.*SCD_TYPE_1.*\b7\b.*\b1\b.*\b2\b.*\b0\b.*1,200.*\+2 −1.*12\.3 kB.*documents-20261122T101500Z-7f3a/,
  );
  const another = { ...commit(4), ingestionType: null, sourceVersion: null, runId: null, timestamp: null };
  expect(historyTable([another])).toMatch(/\b4\b.*–.*MERGE.*–.*–/);
});

test('what is older than the oldest commit shown is said: how to see it, or that it is gone', () => {
  const part = { commits: [commit(12), commit(11)], hasOlder: true };
  expect(olderLines('documents', part)).toEqual([
    'Older commits: lance-offload history documents --before 11, or --all for every one.',
  ]);
  expect(olderLines('documents', { ...part, hasOlder: false })).toEqual([
    'Versions before 11 are no longer in the log; a checkpoint stands for them.',
  ]);
  expect(olderLines('documents', { commits: [commit(0)], hasOlder: false })).toEqual([]);
  expect(olderLines('documents', { commits: [], hasOlder: false })).toEqual([]);
});
