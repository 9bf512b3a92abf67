import { expect, test } from 'vitest';
import type { PageCell } from '../../src/api/run-answers.ts';
import { cellWords, lookOf, moveOf, shareOf } from '../../client/run/cell-words.ts';

const cell = (change: Partial<PageCell>): PageCell => ({
  from: 300,
  to: 399,
  staged: 0,
  active: 0,
  retrying: 0,
  failed: 0,
  waiting: 0,
  ...change,
});

test('a cell looks like the worst of its pages', () => {
  expect(lookOf(cell({ staged: 97, active: 1, retrying: 1, failed: 1 }))).toBe('failed');
  expect(lookOf(cell({ staged: 98, active: 1, retrying: 1 }))).toBe('retrying');
  expect(lookOf(cell({ staged: 98, active: 2 }))).toBe('active');
  expect(lookOf(cell({ staged: 98, waiting: 2 }))).toBe('partial');
  expect(lookOf(cell({ waiting: 100 }))).toBe('waiting');
  expect(lookOf(cell({ staged: 100 }))).toBe('staged');
});

test('a cell says what is in it, the worst first', () => {
  expect(cellWords(cell({ staged: 95, failed: 2, active: 3 }))).toBe(
    'Pages 300–399: 2 failed, 3 running, 95 done',
  );
  expect(cellWords(cell({ from: 1200, to: 1200, retrying: 1 }))).toBe('Page 1,200: retrying');
});

test('a cell is filled in tenths, and full only when all of it is done', () => {
  expect([0, 9, 10, 99, 100].map((staged) => shareOf(cell({ staged })))).toEqual([0, 0, 0.1, 0.9, 1]);
});

/** Moves in a grid of 95 cells, ten in a line. */
const from = (index: number) => (key: string) => moveOf(key, index, 95, 10);

test('arrows, Home and End move within the grid and never out of it', () => {
  expect(['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].map(from(42))).toEqual([
    41, 43, 32, 52, 0, 94,
  ]);
  expect(['ArrowLeft', 'ArrowUp', 'PageUp'].map(from(0))).toEqual([0, 0, 0]);
  expect(['ArrowRight', 'ArrowDown', 'PageDown'].map(from(94))).toEqual([94, 94, 94]);
  expect(from(87)('ArrowDown')).toBe(87);
  expect(from(42)('a')).toBeUndefined();
});
