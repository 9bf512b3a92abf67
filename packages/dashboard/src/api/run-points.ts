import { SERIES_BUCKET_S, type SeriesPoint } from '@lance-offload/fleet';
import type { RunDetail } from './run-answers.ts';

const MOST_POINTS = 360;

/** A run's throughput from its first page to its last, rates per second; as coarse as it takes to be few points. */
export function pointsOf(series: readonly SeriesPoint[]): Pick<RunDetail, 'points' | 'pointSeconds'> {
  const first = series[0]?.atS ?? 0;
  const last = series.at(-1)?.atS ?? 0;
  const buckets = (last - first) / SERIES_BUCKET_S + 1;
  const pointSeconds = SERIES_BUCKET_S * Math.max(1, Math.ceil(buckets / MOST_POINTS));
  if (series.length === 0) return { points: [], pointSeconds };
  const count = Math.floor((last - first) / pointSeconds) + 1;
  const points = Array.from({ length: count }, (_, index) => ({
    t: first + index * pointSeconds,
    rows: 0,
    bytes: 0,
  }));
  for (const { atS, rows, bytes } of series) {
    const point = points[Math.floor((atS - first) / pointSeconds)];
    if (!point) continue;
    point.rows += rows / pointSeconds;
    point.bytes += bytes / pointSeconds;
  }
  return {
    points: points.map(({ t, rows, bytes }) => ({ t, rows: Math.round(rows), bytes: Math.round(bytes) })),
    pointSeconds,
  };
}
