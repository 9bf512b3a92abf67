import { expect, test } from 'vitest';
import {
  ago,
  byteRate,
  bytes,
  count,
  duration,
  figure,
  megabytes,
  percent,
  plural,
  rowRate,
  roughly,
} from '../../client/format.ts';

test('numbers have thousands separators, and a dash where nothing is known', () => {
  expect([0, 999, 1_234_567, null].map(count)).toEqual(['0', '999', '1,234,567', '–']);
  expect([0, 4.25, 5, 12.6, 184_000.4].map(figure)).toEqual(['0', '4.3', '5', '13', '184,000']);
});

test('what is counted stands in the right number', () => {
  expect([plural(1, 'page'), plural(0, 'page'), plural(1200, 'page')]).toEqual([
    '1 page',
    '0 pages',
    '1,200 pages',
  ]);
});

test('bytes are written in their decimal unit, never as 1,000 of a smaller one', () => {
  expect([0, 999, 1000, 999_499, 999_500, 33_554_432, 2.24e12].map(bytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '999 kB',
    '1.0 MB',
    '33.6 MB',
    '2.2 TB',
  ]);
});

test('rates name their unit', () => {
  expect(rowRate(184_250)).toBe('184,250 rows/s');
  expect(rowRate(0.5)).toBe('0.5 rows/s');
  expect([0, 40_000, 21.64e6, 412e6].map(byteRate)).toEqual(['0 MB/s', '0.0 MB/s', '21.6 MB/s', '412 MB/s']);
  expect(megabytes(1_234e6)).toBe('1,234');
});

test('durations have two units at most', () => {
  expect([0, 340, 12_000, 60_000, 250_000, 7_500_000, 277_200_000, null].map(duration)).toEqual([
    '0 ms',
    '340 ms',
    '12 s',
    '1 min',
    '4 min 10 s',
    '2 h 5 min',
    '3 d 5 h',
    '–',
  ]);
});

test('a duration is never written as 60 of a smaller unit', () => {
  expect([59_600, 3_599_700].map(duration)).toEqual(['1 min', '1 h']);
});

test('ages are in one unit, and a time a little ahead of the clock is now', () => {
  expect([0, -3000, 12_000, 190_000].map((age) => ago(1e6, 1e6 + age))).toEqual([
    'now',
    'now',
    '12 s ago',
    '3 min ago',
  ]);
  expect(roughly(0)).toBe('0 s');
});

test('only all of it is 100 %', () => {
  expect([0, 1, 55, 9999, 10_000].map((part) => percent(part, 10_000))).toEqual([
    '0 %',
    '0.0 %',
    '0.5 %',
    '99 %',
    '100 %',
  ]);
  expect(percent(5, null)).toBe('–');
  expect(percent(5, 0)).toBe('–');
});
