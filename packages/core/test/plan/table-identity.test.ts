import { expect, test } from 'vitest';
import {
  judgeByCommit,
  judgeByContent,
  judgeByTimes,
  type TableIdentity,
} from '../../src/plan/table-identity.ts';

/** The time of a minute of one day. */
const at = (minute: number): string => new Date(Date.UTC(2026, 10, 24, 0, minute)).toISOString();

/** Versions and the minutes in which they were written. */
const times = (...versions: readonly (readonly [version: number, minute: number])[]): Map<number, string> =>
  new Map(versions.map(([version, minute]) => [version, at(minute)]));

const HELD: TableIdentity = { version: 5, at: at(50), oldest: { version: 2, at: at(20) } };

const CASES = [
  ['the version itself', times([4, 40], [5, 50], [6, 60]), 'the same'],
  [
    'a version restored to, which goes on with a greater number',
    times([2, 20], [5, 50], [6, 70]),
    'the same',
  ],
  ['the version itself, at another time', times([1, 61], [5, 65]), 'made anew'],
  ['the oldest version that was known, the version itself cleaned up', times([2, 20], [7, 70]), 'the same'],
  ['an answer from before the lake’s version', times([2, 20], [4, 40]), 'the same'],
  ['the oldest version at another time', times([2, 62], [7, 70]), 'made anew'],
  ['lower versions only', times([1, 61]), 'made anew'],
  ['an older version that was written later', times([3, 63], [7, 70]), 'made anew'],
  ['an older version that was written before, as a tag keeps one', times([3, 30], [7, 70]), undefined],
  ['later versions only', times([6, 60], [7, 70]), undefined],
] as const;

for (const [listed, versions, verdict] of CASES) {
  test(`where the source lists ${listed}, the table is ${verdict ?? 'not told'}`, () => {
    expect(judgeByTimes(HELD, versions)?.is).toBe(verdict);
  });
}

test('where the lake kept the oldest version alone, that tells', () => {
  const held: TableIdentity = { version: 5, oldest: { version: 2, at: at(20) } };
  expect(judgeByTimes(held, times([2, 20], [3, 70]))?.is).toBe('the same');
  expect(judgeByTimes(held, times([2, 21]))?.is).toBe('made anew');
  expect(judgeByTimes(held, times([3, 70], [6, 80]))).toBeUndefined();
});

test('a lake that kept nothing is told by the time of its last commit, give or take an hour', () => {
  const committed = Date.parse(at(60));
  expect(judgeByCommit(5, committed, times([5, 50], [6, 70]))?.is).toBe('the same');
  expect(judgeByCommit(5, committed, times([5, 119]))?.is).toBe('the same');
  expect(judgeByCommit(5, committed, times([5, 121]))?.is).toBe('made anew');
  expect(judgeByCommit(5, committed, times([3, 121], [7, 130]))?.is).toBe('made anew');
  expect(judgeByCommit(5, committed, times([4, 40]))?.is).toBe('made anew');
  expect(judgeByCommit(5, committed, times([6, 130]))).toBeUndefined();
});

test('without times, columns, number of rows and some rows tell', () => {
  const held = { schema: 'a', rows: 3, sample: { columns: ['id'], rows: { 0: 'x', 1: 'y' } } };
  expect(judgeByContent(5, held, held).is).toBe('the same');
  expect(judgeByContent(5, held, { ...held, sample: { columns: ['id'], rows: { 1: 'y' } } }).is).toBe(
    'the same',
  );
  expect(judgeByContent(5, held, { schema: 'a', rows: 3 }).is).toBe('the same');
  expect(judgeByContent(5, held, { ...held, schema: 'b' }).why).toMatch(/other columns/);
  expect(judgeByContent(5, held, { ...held, rows: 4 }).why).toMatch(/has 4 rows, .* holds 3/);
  expect(judgeByContent(5, held, { ...held, sample: { columns: ['id'], rows: { 1: 'z' } } }).why).toMatch(
    /^row 1 /,
  );
});
