import type { Redis } from 'ioredis';
import { monitorKeys, type Monitored } from './monitor-keys.ts';

/** A run's rows and bytes are kept in stretches of time of this length. */
export const SERIES_BUCKET_S = 10;

/** Rows and bytes of the pages of a run that were staged in `SERIES_BUCKET_S` seconds. */
export interface SeriesPoint {
  /** When it begins, in seconds. */
  readonly atS: number;
  readonly rows: number;
  readonly bytes: number;
}

/** A run's throughput in order of time. Stretches in which no page was staged are left out. */
export async function readSeries(
  runId: string,
  fleet: Monitored & { readonly redis: Redis },
): Promise<SeriesPoint[]> {
  const hash = await fleet.redis.hgetall(monitorKeys.series(runId, fleet));
  const points = new Map<number, { rows: number; bytes: number }>();
  for (const [field, text] of Object.entries(hash)) {
    const [at, what] = field.split(':');
    const point = points.get(Number(at)) ?? { rows: 0, bytes: 0 };
    if (what === 'rows' || what === 'bytes') point[what] = Number(text);
    points.set(Number(at), point);
  }
  return [...points].map(([atS, point]) => ({ atS, ...point })).toSorted((a, b) => a.atS - b.atS);
}
