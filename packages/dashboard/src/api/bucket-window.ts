import {
  BUCKET_S,
  bucketStart,
  quantile,
  readBuckets,
  sumBuckets,
  type Bucket,
  type FleetLink,
  type FleetCounts,
} from '@lance-offload/fleet';
import type { Point } from './answers.ts';

const HOUR_S = 3600;
/** Of a chart’s points: a multiple of the buckets’. */
export const POINT_S = 2 * BUCKET_S;
/** A stretch that has just begun is not divided by less: one page would look like a rush. */
const LEAST_S = 1;

const MINUTE_S = 60;
const SHORT_S = 10;

type Field = 'rows' | 'bytes' | 'retries' | 'pauses';

/** What the fleet did of late. */
export interface WindowFigures {
  readonly rowsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly rowsPerSecondMinute: number;
  readonly bytesPerSecondMinute: number;
  readonly rowsPerSecondHour: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly retriesHour: number;
  readonly pausesHour: number;
}

const startOfPoint = (atS: number): number => Math.floor(atS / POINT_S) * POINT_S;

const rounded = (value: number | undefined): number | null =>
  value === undefined ? null : Math.round(value);

function pointOf(t: number, buckets: readonly Bucket[], seconds: number): Point {
  const counts: FleetCounts = sumBuckets(buckets);
  const long = Math.max(LEAST_S, seconds);
  return {
    t,
    rows: Math.round(counts.rows / long),
    bytes: Math.round(counts.bytes / long),
    inFlight: Math.round((counts.busyMs / 1000 / long) * 10) / 10,
    p50: rounded(quantile(counts.latency, 0.5)),
    p95: rounded(quantile(counts.latency, 0.95)),
    retries: counts.retries,
    pauses: counts.pauses,
    errors: Object.values(counts.errors).reduce((sum, count) => sum + count, 0),
  };
}

/** The fleet’s counts of the last hour. Buckets that are over are read once. */
export class BucketWindow {
  readonly #fleet: FleetLink;
  /** In order of time; the last one is still being filled. */
  #buckets: readonly Bucket[] = [];
  #points: readonly Point[] = [];
  #nowMs = 0;

  constructor(fleet: FleetLink) {
    this.#fleet = fleet;
  }

  /** A point every `POINT_S` seconds, those of the hour that ends with the last one, oldest first. */
  get points(): readonly Point[] {
    return this.#points;
  }

  forget(): void {
    this.#buckets = [];
    this.#points = [];
  }

  /** @param nowMs Redis’s clock, asked before: what began before it is over by now. */
  async refresh(nowMs: number): Promise<void> {
    const open = bucketStart(nowMs);
    const first = startOfPoint(open) - HOUR_S;
    // The last bucket was open when it was read.
    const kept = this.#buckets.slice(0, -1).filter(({ atS }) => atS >= first && atS < open);
    const from = (kept.at(-1)?.atS ?? first - BUCKET_S) + BUCKET_S;
    this.#buckets = [...kept, ...(await readBuckets(from, open, this.#fleet))];
    this.#nowMs = nowMs;
    this.#cutPoints(from);
  }

  figures(): WindowFigures {
    const { latency } = sumBuckets(this.#since(MINUTE_S));
    return {
      rowsPerSecond: Math.round(this.#rate('rows', SHORT_S)),
      bytesPerSecond: Math.round(this.#rate('bytes', SHORT_S)),
      rowsPerSecondMinute: Math.round(this.#rate('rows', MINUTE_S)),
      bytesPerSecondMinute: Math.round(this.#rate('bytes', MINUTE_S)),
      rowsPerSecondHour: Math.round(this.#rate('rows', HOUR_S)),
      p50: rounded(quantile(latency, 0.5)),
      p95: rounded(quantile(latency, 0.95)),
      retriesHour: this.#sum('retries'),
      pausesHour: this.#sum('pauses'),
    };
  }

  #since(seconds: number): Bucket[] {
    const from = this.#nowMs / 1000 - seconds;
    return this.#buckets.filter(({ atS }) => atS + BUCKET_S > from);
  }

  #sum(field: Field): number {
    return this.#since(HOUR_S).reduce((sum, { counts }) => sum + counts[field], 0);
  }

  /**
   * Per second, over a stretch that ends now: the open bucket counts with what it has, which is that of its elapsed part,
   * and the oldest one with the share of it that lies in the stretch.
   */
  #rate(field: Field, seconds: number): number {
    const from = this.#nowMs / 1000 - seconds;
    const sum = this.#since(seconds).reduce((whole, { atS, counts }) => {
      const share = Math.min(1, (atS + BUCKET_S - from) / BUCKET_S);
      return whole + counts[field] * share;
    }, 0);
    return sum / seconds;
  }

  /** Points from a time on are made again, the others kept. */
  #cutPoints(fromS: number): void {
    const ended = startOfPoint(this.#buckets.at(-1)?.atS ?? 0) - HOUR_S;
    const anew = startOfPoint(fromS);
    const kept = this.#points.filter(({ t }) => t > ended && t < anew);
    const groups = Map.groupBy(
      this.#buckets.filter(({ atS }) => atS >= anew),
      ({ atS }) => startOfPoint(atS),
    );
    const made = [...groups].map(([t, buckets]) => {
      const seconds = Math.min(POINT_S, this.#nowMs / 1000 - t);
      return pointOf(t, buckets, seconds);
    });
    this.#points = [...kept, ...made.filter(({ t }) => t > ended)];
  }
}
