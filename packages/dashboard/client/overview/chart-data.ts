import type { Point } from '../../src/api/answers.ts';

/** Points by measure, as charts take them. The last one is still being filled and would look like a fall: it is left out. */
export function columnsOf(points: readonly Point[]) {
  const full = points.slice(0, -1);
  const of = <Value>(value: (point: Point) => Value): Value[] => full.map(value);
  return {
    times: of(({ t }) => t),
    rows: of(({ rows }) => rows),
    megabytes: of(({ bytes }) => bytes / 1e6),
    inFlight: of(({ inFlight }) => inFlight),
    p50: of(({ p50 }) => p50),
    p95: of(({ p95 }) => p95),
    retries: of(({ retries }) => retries),
    pauses: of(({ pauses }) => pauses),
  };
}

/** `Rows over the last hour: 12,300 rows/s now, between 9,000 and 14,100, 11,950 on average.` */
export function summaryOf(
  title: string,
  unit: string,
  values: readonly (number | null)[],
  format: (value: number | null) => string,
): string {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return `${title} over the last hour: nothing measured.`;
  const mean = known.reduce((sum, value) => sum + value, 0) / known.length;
  const ends = [Math.min(...known), Math.max(...known)].map(format).join(' and ');
  return `${title} over the last hour: ${format(values.at(-1) ?? null)} ${unit} now, between ${ends}, ${format(mean)} on average.`;
}

export interface Minute {
  readonly t: number;
  readonly rows: number;
  readonly bytes: number;
  readonly inFlight: number;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly retries: number;
  readonly pauses: number;
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}

/** The same by the minute, the newest first: means of rates, sums of retries and pauses, the slowest of latencies. */
export function minutesOf(points: readonly Point[]): Minute[] {
  const groups = Map.groupBy(points.slice(0, -1), ({ t }) => Math.floor(t / 60) * 60);
  return [...groups]
    .map(([t, group]) => ({
      t,
      rows: mean(group.map(({ rows }) => rows)),
      bytes: mean(group.map(({ bytes }) => bytes)),
      inFlight: mean(group.map(({ inFlight }) => inFlight)),
      p50: worst(group.map(({ p50 }) => p50)),
      p95: worst(group.map(({ p95 }) => p95)),
      retries: group.reduce((sum, { retries }) => sum + retries, 0),
      pauses: group.reduce((sum, { pauses }) => sum + pauses, 0),
    }))
    .toReversed();
}
