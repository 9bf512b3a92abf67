/** Where the fleet's counts are kept. They tell how work goes on; what is true of the data stands in the lake. */
export interface Monitored {
  readonly prefix: string;
}

/** A run's record is kept this long after it last changed. */
export const KEEP_RUNS_S = 8 * 24 * 3600;

export const monitorKeys = {
  /** Run ids by the time they were started, in milliseconds. */
  runs: ({ prefix }: Monitored) => `${prefix}:runs`,
  /** Hash of a run's facts and counts. */
  run: (runId: string, { prefix }: Monitored) => `${prefix}:run:${runId}`,
  /** One byte a page: how it stands. */
  pages: (runId: string, { prefix }: Monitored) => `${prefix}:run:${runId}:pages`,
  /** Hash of a run's rows and bytes by bucket. */
  series: (runId: string, { prefix }: Monitored) => `${prefix}:run:${runId}:series`,
  /** The last lines of what was said about a run. */
  log: (runId: string, { prefix }: Monitored) => `${prefix}:run:${runId}:log`,
  /** Start of the keys of the fleet's counts by time; the number of the bucket follows. */
  bucket: ({ prefix }: Monitored) => `${prefix}:bucket:`,
  /** Hash of the same counts since the beginning. */
  totals: ({ prefix }: Monitored) => `${prefix}:totals`,
  /** Worker ids by their last heartbeat, in milliseconds. */
  workers: ({ prefix }: Monitored) => `${prefix}:workers`,
  worker: (id: string, { prefix }: Monitored) => `${prefix}:worker:${id}`,
  /** Hash of what each lake table holds since its last commit. */
  tables: ({ prefix }: Monitored) => `${prefix}:tables`,
} as const;
