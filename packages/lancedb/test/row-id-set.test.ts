import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowIdSet } from '../src/row-id-set.ts';

const idsOf = (...ids: (bigint | number)[]) => BigUint64Array.from(ids, BigInt);
const idsIn = (set: RowIdSet, limit = 3) => [...set.slices(limit)].flatMap((slice) => [...slice]);
const FRAGMENT = 2n ** 32n;

test('ids of many fragments come back once each, in ascending order, so many at a time', () => {
  const set = RowIdSet.of(idsOf(5, 3, 3), idsOf(FRAGMENT * 7n + 1n, FRAGMENT, 0), idsOf(2n ** 64n - 1n));
  expect(set.size).toBe(6);
  expect([...set.slices(4)].map((slice) => slice.length)).toEqual([4, 2]);
  expect(idsIn(set)).toEqual([0n, 3n, 5n, FRAGMENT, FRAGMENT * 7n + 1n, 2n ** 64n - 1n]);
  set.dispose();
});

test('what is taken out is gone, and what was not there does no harm', () => {
  const set = RowIdSet.of(idsOf(1, 2, 3, FRAGMENT));
  const other = RowIdSet.of(idsOf(2, 9, FRAGMENT * 2n));
  set.remove(other);
  expect(idsIn(set)).toEqual([1n, 3n, FRAGMENT]);
  set.dispose();
  other.dispose();
});

test('the ids of another set are added, and that one stays as it is', () => {
  const [set, other] = [RowIdSet.of(idsOf(1, FRAGMENT)), RowIdSet.of(idsOf(1, 2, FRAGMENT * 3n))];
  set.addAll(other);
  expect(idsIn(set)).toEqual([1n, 2n, FRAGMENT, FRAGMENT * 3n]);
  expect(other.size).toBe(3);
  set.dispose();
  other.dispose();
});

test('ids that follow one another are a run, within a fragment', () => {
  const set = RowIdSet.of(idsOf(0, 1, 2, 7, FRAGMENT - 1n, FRAGMENT, FRAGMENT + 1n));
  expect([...set.runs()]).toEqual([
    { first: 0n, last: 2n },
    { first: 7n, last: 7n },
    { first: FRAGMENT - 1n, last: FRAGMENT - 1n },
    { first: FRAGMENT, last: FRAGMENT + 1n },
  ]);
  expect([...set.runs(2n)][0]).toEqual({ first: 2n, last: 2n });
  expect([...set.runs(FRAGMENT + 1n)]).toEqual([{ first: FRAGMENT + 1n, last: FRAGMENT + 1n }]);
  expect([...set.runs(FRAGMENT * 2n)]).toEqual([]);
  set.dispose();
});

test('the least ids are taken out, of as many fragments as they are in', () => {
  const set = RowIdSet.of(idsOf(3, 5, 9, FRAGMENT, FRAGMENT * 2n, FRAGMENT * 2n + 4n));
  set.removeLeast(2);
  expect(idsIn(set)).toEqual([9n, FRAGMENT, FRAGMENT * 2n, FRAGMENT * 2n + 4n]);
  set.removeLeast(3);
  expect(idsIn(set)).toEqual([FRAGMENT * 2n + 4n]);
  set.removeLeast(0);
  set.removeLeast(9);
  expect(set.size).toBe(0);
  set.dispose();
});

test('an empty set has no slices', () => {
  expect(idsIn(new RowIdSet())).toEqual([]);
});

test('any ids, in any order and repeated, are the set a plain one would be', () => {
  const id = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 200_000n }));
  fc.assert(
    fc.property(fc.array(id), fc.array(id), fc.integer({ min: 1, max: 9 }), (ids, gone, limit) => {
      const [set, other] = [RowIdSet.of(BigUint64Array.from(ids)), RowIdSet.of(BigUint64Array.from(gone))];
      set.remove(other);
      const plain = [...new Set(ids)].filter((one) => !gone.includes(one));
      expect(idsIn(set, limit)).toEqual(plain.toSorted((a, b) => (a < b ? -1 : 1)));
      set.dispose();
      other.dispose();
    }),
  );
});
