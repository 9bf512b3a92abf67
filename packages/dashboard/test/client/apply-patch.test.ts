import { expect, test } from 'vitest';
import type { Overview, OverviewPatch, Point } from '../../src/api/answers.ts';
import { applyPatch, SPAN_SECONDS } from '../../client/live/apply-patch.ts';
import { overviewAt } from './fixture-fleet.ts';

const overview = overviewAt('calm', 0, false);
const nothing: OverviewPatch = {
  ...overview,
  points: [],
  tables: [],
  workers: [],
  queues: [],
  runs: [],
  gone: { tables: [], workers: [], runs: [] },
};

const pointAt = (t: number, rows = 1): Point => ({
  t,
  rows,
  bytes: 0,
  inFlight: 0,
  p50: null,
  p95: null,
  retries: 0,
  pauses: 0,
  errors: 0,
});

test('what a patch does not mention stays the same objects, so that it is not drawn again', () => {
  const after = applyPatch(overview, nothing);
  expect(after.tables).toBe(overview.tables);
  expect(after.points).toBe(overview.points);
  expect(after.runs).toBe(overview.runs);
});

test('a row that changed takes the place of the one of its key, and the others stay the same objects', () => {
  const [first, second] = overview.tables;
  if (!first || !second) throw new Error('the fixture has two tables');
  const after = applyPatch(overview, { ...nothing, tables: [{ ...second, rows: 7 }] });
  expect(after.tables.map(({ table }) => table)).toEqual(overview.tables.map(({ table }) => table));
  expect(after.tables[0]).toBe(first);
  expect(after.tables[1]?.rows).toBe(7);
});

test('rows that are gone leave, and new ones come', () => {
  const [table] = overview.tables;
  const [worker] = overview.workers;
  if (!table || !worker) throw new Error('the fixture has a table and a worker');
  const after = applyPatch(overview, {
    ...nothing,
    tables: [{ ...table, table: 'another' }],
    gone: { tables: [table.table], workers: [worker.id], runs: [table.runId] },
  });
  expect(after.tables.map((row) => row.table)).toEqual([
    ...overview.tables.slice(1).map((row) => row.table),
    'another',
  ]);
  expect(after.workers).toHaveLength(overview.workers.length - 1);
  expect(after.runs.some(({ runId }) => runId === table.runId)).toBe(false);
});

test('a point is replaced while it fills, and points older than an hour leave', () => {
  const before: Overview = { ...overview, points: [pointAt(0), pointAt(10), pointAt(SPAN_SECONDS)] };
  const after = applyPatch(before, {
    ...nothing,
    points: [pointAt(SPAN_SECONDS, 5), pointAt(SPAN_SECONDS + 10)],
  });
  expect(after.points.map(({ t, rows }) => [t, rows])).toEqual([
    [SPAN_SECONDS, 5],
    [SPAN_SECONDS + 10, 1],
  ]);
});

test('a page that is open for a day of patches keeps an hour of points', () => {
  let state: Overview = { ...overview, points: [] };
  for (let t = 0; t < 86_400; t += 10) state = applyPatch(state, { ...nothing, points: [pointAt(t)] });
  expect(state.points).toHaveLength(SPAN_SECONDS / 10);
});

test('runs are the newest first, whenever they come', () => {
  const [run] = overview.runs;
  if (!run) throw new Error('the fixture has a run');
  const newest = { ...run, runId: 'newest', startedAtMs: Date.now() + 1000 };
  expect(applyPatch(overview, { ...nothing, runs: [newest] }).runs[0]).toBe(newest);
});
