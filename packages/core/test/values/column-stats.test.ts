import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { fileStats } from '../../../delta/src/parquet/column-stats.ts';
import { float32, float64, int32, int64, nulls, utf8 } from '../../../lancedb/test/arrow-bodies.ts';

/** Statistics of one column given in batches, as text: numbers may be beyond JavaScript's. */
function statsText(...batches: arrow.Data[]): string {
  const [first] = batches;
  if (!first) throw new Error('no batch');
  const rows = batches.reduce((sum, { length }) => sum + length, 0);
  return fileStats([new arrow.Field('c', first.type, true)], [batches], rows);
}

function bounds(...batches: arrow.Data[]): { min: unknown; max: unknown; nullCount: unknown } {
  const { minValues, maxValues, nullCount } = JSON.parse(statsText(...batches)) as Record<
    string,
    Record<string, unknown>
  >;
  return { min: minValues?.['c'], max: maxValues?.['c'], nullCount: nullCount?.['c'] };
}

test('64-bit integers beyond 2^53 have exact bounds', () => {
  const text = statsText(int64([2n ** 63n - 1n, null]), int64([-(2n ** 63n), 0n]));
  expect(text).toBe(
    '{"numRecords":4,"minValues":{"c":-9223372036854775808},"maxValues":{"c":9223372036854775807},"nullCount":{"c":1},"tightBounds":true}',
  );
});

test('smaller integers and finite floats have their bounds over all batches', () => {
  expect(bounds(int32([5, null, -3]), int32([7]))).toEqual({ min: -3, max: 7, nullCount: 1 });
  expect(bounds(float64([1.5, -2.25, null]))).toEqual({ min: -2.25, max: 1.5, nullCount: 1 });
  expect(bounds(float32([0.1]))).toEqual({ min: Math.fround(0.1), max: Math.fround(0.1), nullCount: 0 });
});

test('a float column with a NaN or an infinity anywhere has no bounds, and still its null count', () => {
  for (const odd of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    for (const values of [
      [odd, 1, 2],
      [1, odd, 2],
      [1, 2, odd, null],
    ]) {
      expect(bounds(float64(values))).toEqual({
        min: undefined,
        max: undefined,
        nullCount: values.includes(null) ? 1 : 0,
      });
      expect(bounds(float32(values)).max).toBeUndefined();
    }
    expect(bounds(float64([0]), float64([odd])).min).toBeUndefined();
  }
});

test('a column of nulls has no bounds', () => {
  expect(bounds(utf8([null, null]))).toEqual({ min: undefined, max: undefined, nullCount: 2 });
});

test('strings are ordered by their bytes, and kept whole up to 32 characters', () => {
  // In UTF-16, which JavaScript compares by, the emoji would come before U+FF5E.
  expect(bounds(utf8(['\u{ff5e}', '🙂', 'z', null]))).toEqual({ min: 'z', max: '🙂', nullCount: 1 });
  const exact = '🙂'.repeat(32);
  expect(bounds(utf8([exact]))).toEqual({ min: exact, max: exact, nullCount: 0 });
  expect(bounds(utf8(['', 'a'])).min).toBe('');
});

test.for([
  ['a plain tail', 'a'.repeat(40), 'a'.repeat(32), `${'a'.repeat(31)}b`],
  [
    'a character of two code units at the cut',
    `${'a'.repeat(31)}🙂🙂`,
    `${'a'.repeat(31)}🙂`,
    `${'a'.repeat(31)}🙃`,
  ],
  [
    'the last character before the surrogates',
    `${'a'.repeat(31)}\u{d7ff}x`,
    `${'a'.repeat(31)}\u{d7ff}`,
    `${'a'.repeat(30)}b`,
  ],
  [
    'the last character there is',
    `${'a'.repeat(30)}\u{10ffff}\u{10ffff}x`,
    `${'a'.repeat(30)}\u{10ffff}\u{10ffff}`,
    `${'a'.repeat(29)}b`,
  ],
] as const)('a longer string is cut at 32 characters, its maximum rounded up: %s', ([, value, min, max]) => {
  expect(bounds(utf8([value]))).toEqual({ min, max, nullCount: 0 });
  expect(Buffer.compare(Buffer.from(max), Buffer.from(value))).toBe(1);
});

test('a string that cannot be rounded up has no bounds', () => {
  expect(bounds(utf8(['\u{10ffff}'.repeat(33)]))).toEqual({ min: undefined, max: undefined, nullCount: 0 });
});

test('a byte order mark at the start of a string counts', () => {
  expect(bounds(utf8(['\u{feff}a']))).toEqual({ min: '\u{feff}a', max: '\u{feff}a', nullCount: 0 });
});

function timestamps(zone: string | null, ...values: bigint[]): arrow.Data {
  const type = new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, zone);
  return arrow.makeData({ type, ...nulls(values.map(() => true)), data: BigInt64Array.from(values) });
}

test('timestamps are cut to milliseconds, the minimum down and the maximum up, before 1970 too', () => {
  expect(bounds(timestamps('UTC', 1_500_999n, 2_000_001n))).toEqual({
    min: '1970-01-01T00:00:01.500Z',
    max: '1970-01-01T00:00:02.001Z',
    nullCount: 0,
  });
  expect(bounds(timestamps(null, -1n))).toEqual({
    min: '1969-12-31T23:59:59.999',
    max: '1970-01-01T00:00:00.000',
    nullCount: 0,
  });
});

test('the minimum of timestamps that no double holds exactly is not above them', () => {
  const justBefore = BigInt(Date.UTC(9990, 0, 1)) * 1000n - 1n;
  expect(bounds(timestamps('UTC', justBefore)).min).toBe('9989-12-31T23:59:59.999Z');
});

const dates = (...days: number[]) =>
  arrow.makeData({
    type: new arrow.DateDay(),
    ...nulls(days.map(() => true)),
    data: Int32Array.from(days),
  });

test('timestamps and dates outside the years 1 to 9998 have no bounds', () => {
  expect(bounds(timestamps('UTC', 0n, 2n ** 62n)).max).toBeUndefined();
  expect(bounds(dates(-1, 20_000))).toEqual({ min: '1969-12-31', max: '2024-10-04', nullCount: 0 });
  expect(bounds(dates(0, 10_000_000)).min).toBeUndefined();
});

function decimals(scale: number, ...values: bigint[]): arrow.Data {
  const words = values.flatMap((value) =>
    [0n, 32n, 64n, 96n].map((shift) => Number((BigInt.asUintN(128, value) >> shift) & 0xffff_ffffn)),
  );
  return arrow.makeData({
    type: new arrow.Decimal(scale, 38, 128),
    ...nulls(values.map(() => true)),
    data: Uint32Array.from(words),
  });
}

test('decimals have exact bounds of up to 38 digits', () => {
  const text = statsText(decimals(3, -1n, 10n ** 37n + 1n));
  expect(text).toContain(
    '"minValues":{"c":-0.001},"maxValues":{"c":10000000000000000000000000000000000.001}',
  );
  expect(statsText(decimals(0, 2n ** 64n - 1n))).toContain('"minValues":{"c":18446744073709551615}');
});

test('nested and binary columns are left out, booleans have their null count alone', () => {
  const list = arrow.makeData({
    type: new arrow.List(new arrow.Field('item', new arrow.Int32(), true)),
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, 1),
    child: int32([1]),
  });
  expect(bounds(list)).toEqual({ min: undefined, max: undefined, nullCount: undefined });
  const binary = arrow.makeData({
    type: new arrow.Binary(),
    length: 1,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, 1),
    data: Uint8Array.of(1),
  });
  expect(bounds(binary).nullCount).toBeUndefined();
  const flags = arrow.makeData({ type: new arrow.Bool(), ...nulls([true, false]), data: Uint8Array.of(1) });
  expect(bounds(flags)).toEqual({ min: undefined, max: undefined, nullCount: 1 });
});
