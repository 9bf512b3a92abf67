/** Upper bounds of the buckets of a duration histogram, in milliseconds; one bucket more counts what is beyond the last. */
export const LATENCY_BOUNDS_MS = [
  5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 1500, 2000, 3000, 5000, 7500, 10_000, 15_000,
  30_000, 60_000,
] as const;

/** Counts per bucket, as many as there are bounds and one. */
export type Histogram = readonly number[];

export const EMPTY_HISTOGRAM: Histogram = Array.from({ length: LATENCY_BOUNDS_MS.length + 1 }, () => 0);

/** The index of the bucket a duration falls into. */
export function bucketOf(ms: number): number {
  const index = LATENCY_BOUNDS_MS.findIndex((bound) => ms <= bound);
  return index === -1 ? LATENCY_BOUNDS_MS.length : index;
}

/**
 * The duration, in milliseconds, that a share of the counted ones does not exceed, read between the bounds of its bucket
 * as if durations were spread evenly there; `undefined` where nothing was counted.
 *
 * @param share from 0 to 1: 0.95 for the 95th percentile.
 */
export function quantile(histogram: Histogram, share: number): number | undefined {
  const total = histogram.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  let left = share * total;
  for (const [index, count] of histogram.entries()) {
    if (count > 0 && left <= count) {
      const from = LATENCY_BOUNDS_MS[index - 1] ?? 0;
      const to = LATENCY_BOUNDS_MS[index] ?? from;
      return from + (to - from) * (left / count);
    }
    left -= count;
  }
  return LATENCY_BOUNDS_MS.at(-1);
}
