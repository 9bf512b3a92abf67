import { expect, test } from 'vitest';
import { bucketOf, EMPTY_HISTOGRAM, LATENCY_BOUNDS_MS, quantile } from '../../src/monitor/latency.ts';

const histogramOf = (...durations: readonly number[]): number[] => {
  const histogram = [...EMPTY_HISTOGRAM];
  for (const ms of durations) histogram[bucketOf(ms)] = (histogram[bucketOf(ms)] ?? 0) + 1;
  return histogram;
};

test('a duration belongs to the bucket whose bound it does not exceed, and beyond the last to one more', () => {
  expect([0, 5, 5.1, 10, 60_000, 60_001].map(bucketOf)).toEqual([0, 0, 1, 1, 21, 22]);
  expect(EMPTY_HISTOGRAM).toHaveLength(LATENCY_BOUNDS_MS.length + 1);
});

test('a quantile lies in the bucket that holds it, between its bounds by its share', () => {
  const durations = [...Array.from({ length: 90 }, () => 15), ...Array.from({ length: 10 }, () => 900)];
  const histogram = histogramOf(...durations);
  expect(quantile(histogram, 0.5)).toBeCloseTo(10 + 10 * (50 / 90), 6);
  expect(quantile(histogram, 0.95)).toBeCloseTo(750 + 250 * 0.5, 6);
  expect(quantile(histogram, 1)).toBe(1000);
});

test('nothing counted has no quantile, and one beyond the last bound is given as that', () => {
  expect(quantile(EMPTY_HISTOGRAM, 0.5)).toBeUndefined();
  expect(quantile(histogramOf(1e9), 0.5)).toBe(60_000);
});
