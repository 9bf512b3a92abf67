import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { countGapQueries, nextGapQuery } from '../src/row-id-gaps.ts';
import { RowIdSet } from '../src/row-id-set.ts';

const FRAGMENT = 2n ** 32n;
const DENSE = { mostRows: 100, density: 1 };
const setOf = (...ids: (bigint | number)[]) => RowIdSet.of(BigUint64Array.from(ids, BigInt));

test('a few ids that are missing are asked for by name', () => {
  const known = setOf(0, 1, 2, 5, 6, 9, FRAGMENT);
  expect(nextGapQuery(known, 0n, { mostRows: 3, density: 1 })).toEqual({
    filter: '_rowid IN (3,4)',
    candidates: 2,
    next: 5n,
  });
  known.dispose();
});

test('ids behind the last that is known have no end', () => {
  const known = setOf(0, 1, 2);
  expect(nextGapQuery(known, 0n, DENSE)).toMatchObject({ filter: '_rowid >= 3', next: undefined });
  known.dispose();
});

test('nothing is known: all ids are asked for', () => {
  const none = new RowIdSet();
  expect(nextGapQuery(none, 0n, DENSE)).toMatchObject({ filter: '_rowid >= 0', next: undefined });
});

test('of ids that lie far apart those between are named, as they are fewer', () => {
  const known = setOf(1000, 2000, 3000);
  expect(nextGapQuery(known, 1001n, { mostRows: 10, density: 0.001 }).filter).toBe(
    '_rowid >= 1001 AND _rowid NOT IN (2000,3000)',
  );
  known.dispose();
});

test('any ids: the questions together ask for each id that is not known, and for no other', () => {
  const id = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 30_000 })).map(BigInt);
  const facts = fc.record({
    mostRows: fc.integer({ min: 1, max: 50 }),
    density: fc.double({ min: 0.01, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(
      fc.array(id, { maxLength: 200 }),
      fc.array(id, { maxLength: 50 }),
      facts,
      (ids, others, of) => {
        const known = setOf(...ids);
        const plain = new Set(ids);
        const asked = new Map<bigint, number>();
        for (let from: bigint | undefined = 0n, most = 500; from !== undefined && most > 0; most--) {
          const query = nextGapQuery(known, from, of);
          for (const one of new Set([...others, ...ids]))
            if (matches(query.filter, one)) asked.set(one, (asked.get(one) ?? 0) + 1);
          from = query.next;
        }
        for (const one of new Set([...others, ...ids]))
          expect(asked.get(one) ?? 0).toBe(plain.has(one) ? 0 : 1);
        known.dispose();
      },
    ),
  );
});

function matches(filter: string, id: bigint): boolean {
  const list = (pattern: RegExp) => pattern.exec(filter)?.[1]?.split(',').map(BigInt) ?? [];
  if (filter.startsWith('_rowid IN')) return list(/IN \((.*)\)/).includes(id);
  const [, least = '0'] = /_rowid >= (\d+)/.exec(filter) ?? [];
  const [, most] = /_rowid <= (\d+)/.exec(filter) ?? [];
  return (
    id >= BigInt(least) && (most === undefined || id <= BigInt(most)) && !list(/NOT IN \((.*)\)/).includes(id)
  );
}

test('questions are counted up to a number', () => {
  const known = RowIdSet.of(BigUint64Array.from({ length: 100_000 }, (_, id) => BigInt(id * 2)));
  expect(countGapQueries(known, { mostRows: 1000, density: 1 }, 1000)).toBe(101);
  expect(countGapQueries(known, { mostRows: 1000, density: 1 }, 7)).toBe(7);
  known.dispose();
});
