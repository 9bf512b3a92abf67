import { expect, test } from 'vitest';
import { attentionOf } from '../../client/overview/attention.ts';
import { minutesOf, summaryOf } from '../../client/overview/chart-data.ts';
import { filterWords } from '../../client/failures/filter-words.ts';
import { sortRows } from '../../client/parts/sort-rows.ts';
import { progressWords } from '../../client/parts/progress-words.ts';
import { changeToken } from '../../client/request.ts';
import { routeOf, withQuery } from '../../client/router.ts';
import { waitBefore } from '../../client/live/stream.ts';
import { count, figure } from '../../client/format.ts';
import { overviewAt, pointsUntil } from './fixture-fleet.ts';

test('what needs a look is said, the worst first; a fleet that is well needs none', () => {
  expect(attentionOf(overviewAt('busy', 0, false)).map(({ text }) => text)).toEqual([
    '134 failures',
    'documents is blocked',
    '1 worker lost',
    '1 table and 1 run paused',
  ]);
  expect(attentionOf(overviewAt('calm', 0, false))).toEqual([]);
  expect(attentionOf(overviewAt('empty', 0, false))).toEqual([]);
});

test('work without a worker needs a look', () => {
  const busy = overviewAt('busy', 0, false);
  const idle = { ...busy, fleet: { ...busy.fleet, workers: { working: 0, lost: 0, stopped: 8 } } };
  expect(attentionOf(idle).map(({ text }) => text)).toContain('Work waits, and no worker is running');
});

test('progress is said in words', () => {
  expect(progressWords({ total: 1000, staged: 812, active: 12, failed: 3, waiting: 173 })).toBe(
    '812 done, 12 running, 3 failed, 173 waiting of 1,000 pages',
  );
  expect(progressWords({ total: null, staged: 0, active: 0, failed: 0, waiting: 0 })).toBe(
    'is being planned',
  );
});

test('a chart is summed up in a sentence', () => {
  expect(summaryOf('Rows', 'rows/s', [1000, null, 3000], figure)).toBe(
    'Rows over the last hour: 3,000 rows/s now, between 1,000 and 3,000, 2,000 on average.',
  );
  expect(summaryOf('Latency', 'ms', [null], count)).toBe('Latency over the last hour: nothing measured.');
});

test('an hour of points is at most 61 minutes, the newest first', () => {
  const minutes = minutesOf(pointsUntil(Date.now(), 'busy'));
  expect(minutes.length).toBeGreaterThanOrEqual(60);
  expect(minutes.length).toBeLessThanOrEqual(61);
  expect(minutes.map(({ t }) => t)).toEqual(minutes.map(({ t }) => t).toSorted((a, b) => b - a));
});

test('what a retry is for is said in words', () => {
  expect(filterWords({})).toBe('all failures');
  expect(filterWords({ code: 'SOURCE_SHORT', table: 'documents' })).toBe('SOURCE_SHORT in documents');
  expect(filterWords({ jobIds: ['a', 'b'] })).toBe('all failures (2 chosen)');
});

test('rows without a value come last in either order, and numbers in names sort as numbers', () => {
  const rows = [
    { name: 't10', value: 1 },
    { name: 't2', value: 1 },
    { name: 'none', value: null },
    { name: 'x', value: 5 },
  ];
  const names = (descending: boolean) =>
    sortRows(
      rows,
      ({ value }) => value,
      descending,
      ({ name }) => name,
    ).map(({ name }) => name);
  expect(names(false)).toEqual(['t2', 't10', 'x', 'none']);
  expect(names(true)).toEqual(['x', 't2', 't10', 'none']);
});

test('addresses lead to their page, and any other to none', () => {
  expect(['/', '/failures', '/control', '/runs/a%20b', '/runs/', '/queues'].map(routeOf)).toEqual([
    { screen: 'overview' },
    { screen: 'failures' },
    { screen: 'control' },
    { screen: 'run', runId: 'a b' },
    { screen: 'none' },
    { screen: 'none' },
  ]);
  expect(withQuery('/failures', { code: 'X Y', table: undefined, runId: '' })).toBe('/failures?code=X+Y');
});

test('the token of the session is found among the cookies', () => {
  expect(changeToken('a=b; XSRF-TOKEN=t%3D1; c=d')).toBe('t=1');
  expect(changeToken('NOT-XSRF-TOKEN=x')).toBe('');
});

test('a lost connection is tried again ever more slowly, and after 19 seconds at the latest', () => {
  expect([0, 1, 2, 10].map((failed) => waitBefore(failed, 0.5))).toEqual([500, 1000, 2000, 15_000]);
  expect(waitBefore(100, 0.999)).toBeLessThan(19_000);
});
