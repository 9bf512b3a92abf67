import type { RunStatus } from '@lance-offload/fleet';
import { expect, test } from 'vitest';
import { limitLines, pausedWords, pauseLines, scopeWords } from '../../src/screen/control-words.ts';

test('the command that ends a pause can be pasted into a shell, whatever the table is called', () => {
  for (const [table, word] of [
    ['documents', 'documents'],
    ['my table', "'my table'"],
    ["it's; rm -rf", String.raw`'it'\''s; rm -rf'`],
    ['--run', "'--run'"],
  ] as const)
    expect(scopeWords({ table }).remedy).toBe(`lance-offload resume --table ${word}`);
});

test('a paused run names what is paused, and the command that ends just that', () => {
  const status: RunStatus = {
    runId: 'documents-20261122T101500Z-7f3a',
    table: 'documents',
    destination: 'documents',
    state: 'staging',
    meaning: 'its pages are being fetched and staged, or wait for a worker',
    waysOut: [],
    failures: [],
  };
  expect(pausedWords(status)).toBeUndefined();
  expect(pausedWords({ ...status, paused: 'fleet' })).toBe(
    'the fleet is paused; go on with: lance-offload resume',
  );
  expect(pausedWords({ ...status, paused: 'table' })).toMatch(/^its table is paused; .* --table documents$/);
  expect(pausedWords({ ...status, paused: 'run' })).toMatch(
    /^this run is paused; .* --run documents-20261122T101500Z/,
  );
});

test('pauses and limits that are not there are not spoken of', () => {
  expect(pauseLines({ fleet: false, tables: [], runs: [] })).toEqual([]);
  expect(limitLines({ concurrency: null, requestsPerSecond: null })).toEqual([]);
  expect(limitLines({ concurrency: 1, requestsPerSecond: 0.5 })).toEqual([
    'The fleet has at most 1 page under way at once.',
    'The fleet sends at most 0.5 requests a second to the source.',
  ]);
});

test('a pause tells who made it, and when', () => {
  const atMs = Date.UTC(2026, 10, 22, 10, 15);
  expect(pauseLines({ fleet: true, tables: [{ table: 'people', by: 'ann@host', atMs }], runs: [] })).toEqual([
    'The fleet is paused. Go on with: lance-offload resume',
    'Table "people" is paused by ann@host since 2026-11-22T10:15:00Z. Go on with: lance-offload resume --table people',
  ]);
});
