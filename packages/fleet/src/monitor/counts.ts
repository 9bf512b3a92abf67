import { bucketOf, EMPTY_HISTOGRAM, type Histogram } from './latency.ts';

/** What is counted of the fleet's work, in any stretch of time. */
export interface FleetCounts {
  /** Pages staged, with their rows and the bytes of their Arrow answers. */
  readonly pages: number;
  readonly rows: number;
  readonly bytes: number;
  /** Queries that were answered, also with a refusal. */
  readonly requests: number;
  /** Of these, those answered 429: the fleet waits for the source. */
  readonly pauses: number;
  /** Attempts at a page, plan or commit that failed and are made again by themselves. */
  readonly retries: number;
  /** Failed attempts by error code, those that are made again included. */
  readonly errors: Readonly<Record<string, number>>;
  /** Milliseconds pages were under way, over all workers. */
  readonly busyMs: number;
  /** Milliseconds from the request to the end of its answer. */
  readonly latency: Histogram;
  /** The sum of these durations. */
  readonly latencySumMs: number;
  /** Milliseconds commits took, and how many there were. */
  readonly commits: number;
  readonly commitMs: number;
}

export const NO_COUNTS: FleetCounts = {
  pages: 0,
  rows: 0,
  bytes: 0,
  requests: 0,
  pauses: 0,
  retries: 0,
  errors: {},
  busyMs: 0,
  latency: EMPTY_HISTOGRAM,
  latencySumMs: 0,
  commits: 0,
  commitMs: 0,
};

/** Increments by the name of their field in a hash of counts. */
export type CountFields = Readonly<Record<string, number>>;

export const errorField = (code: string) => `error:${code}`;
export const latencyField = (ms: number) => `latency:${bucketOf(ms)}`;

/** A hash of counts as it stands in Redis. */
export function parseCounts(hash: Readonly<Record<string, string>>): FleetCounts {
  const errors: Record<string, number> = {};
  const latency = [...EMPTY_HISTOGRAM];
  const plain: Record<string, number> = {};
  for (const [field, text] of Object.entries(hash)) {
    const [name = '', rest] = field.split(':');
    if (name === 'error' && rest !== undefined) errors[rest] = Number(text);
    else if (name === 'latency') latency[Number(rest)] = Number(text);
    else plain[name] = Number(text);
  }
  return { ...NO_COUNTS, ...plain, errors, latency };
}

function addErrors(a: FleetCounts['errors'], b: FleetCounts['errors']): Record<string, number> {
  const sum = { ...a };
  for (const [code, count] of Object.entries(b)) sum[code] = (sum[code] ?? 0) + count;
  return sum;
}

export function addCounts(a: FleetCounts, b: FleetCounts): FleetCounts {
  return {
    pages: a.pages + b.pages,
    rows: a.rows + b.rows,
    bytes: a.bytes + b.bytes,
    requests: a.requests + b.requests,
    pauses: a.pauses + b.pauses,
    retries: a.retries + b.retries,
    errors: addErrors(a.errors, b.errors),
    busyMs: a.busyMs + b.busyMs,
    latency: a.latency.map((count, index) => count + (b.latency[index] ?? 0)),
    latencySumMs: a.latencySumMs + b.latencySumMs,
    commits: a.commits + b.commits,
    commitMs: a.commitMs + b.commitMs,
  };
}
