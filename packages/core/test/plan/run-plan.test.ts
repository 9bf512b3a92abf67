import { expect, test } from 'vitest';
import { pageCount, planPages, runPlanSchema, selectionOf } from '../../src/plan/run-plan.ts';
import { planOf } from '../lake-fixture.ts';

test('the pages of a plan, with its own offset in theirs', () => {
  expect([...planPages({ sourceRows: 25, rowsPerPage: 10, offset: 100, sweepRows: 0 })]).toEqual([
    { index: 0, offset: 100, limit: 10, scan: 'rows', repair: false },
    { index: 1, offset: 110, limit: 10, scan: 'rows', repair: false },
    { index: 2, offset: 120, limit: 5, scan: 'rows', repair: false },
  ]);
});

test('the pages of a key sweep come behind those of the rows, and begin at the first row of the table', () => {
  expect([...planPages({ sourceRows: 5, rowsPerPage: 3, offset: 0, sweepRows: 12_000 })]).toEqual([
    { index: 0, offset: 0, limit: 3, scan: 'rows', repair: false },
    { index: 1, offset: 3, limit: 2, scan: 'rows', repair: false },
    { index: 2, offset: 0, limit: 10_000, scan: 'keys', repair: false },
    { index: 3, offset: 10_000, limit: 2000, scan: 'keys', repair: false },
  ]);
});

test('a table without rows has no pages', () => {
  expect([...planPages({ sourceRows: 0, rowsPerPage: 10, offset: 0, sweepRows: 0 })]).toEqual([]);
});

test('pages cover every offset exactly once, for every size', () => {
  for (let sourceRows = 0; sourceRows <= 60; sourceRows++) {
    for (const rowsPerPage of [1, 2, 3, 7, 10, 59, 60, 61]) {
      for (const offset of [0, 5]) {
        const pages = [...planPages({ sourceRows, rowsPerPage, offset, sweepRows: 0 })];
        const offsets = pages.flatMap((page) =>
          Array.from({ length: page.limit }, (_, index) => page.offset + index),
        );
        expect(offsets).toEqual(Array.from({ length: sourceRows }, (_, index) => offset + index));
        expect(pages.map(({ index }) => index)).toEqual(pages.map((_, index) => index));
        expect(pages).toHaveLength(pageCount({ sourceRows, rowsPerPage, sweepRows: 0 }));
        expect(pages.every(({ limit }) => limit >= 1 && limit <= rowsPerPage)).toBe(true);
      }
    }
  }
});

test('a plan survives being written and read', () => {
  const plan = planOf({ filter: "name = 'x'", droppedColumns: [{ name: 'blob', reason: 'binary' }] });
  expect(runPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
});

test('selections are the same where two runs of one version would hold the same rows', () => {
  const plan = planOf();
  expect(selectionOf(planOf({ runId: 'other', rowsPerPage: 1 }))).toBe(selectionOf(plan));
  for (const changed of [
    { filter: 'id > 1' },
    { offset: 1 },
    { withRowId: true },
    { columns: plan.columns.slice(1) },
    { source: 'http://other' },
    { table: 'other' },
  ]) {
    expect(selectionOf(planOf(changed))).not.toBe(selectionOf(plan));
  }
});

test('a plan of a release that kept neither identity nor decision means what it meant', () => {
  const { incarnation: _i, madeAnew: _m, versionOffset: _v, unchanged: _u, ...old } = planOf();
  expect(runPlanSchema.parse({ ...old, sourceVersionAt: '2026-11-24T10:00:00.000Z' })).toEqual(planOf());
});

test('a run that has nothing to do has no pages, however many rows the source has', () => {
  const plan = planOf({ unchanged: true, sweepRows: 5 });
  expect([pageCount(plan), [...planPages(plan)]]).toEqual([0, []]);
});
