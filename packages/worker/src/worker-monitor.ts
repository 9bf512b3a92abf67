import { hostname } from 'node:os';
import {
  beat,
  BEAT_MS,
  errorField,
  latencyField,
  logRun,
  recordReport,
  recordRetry,
  recordStaged,
  recordStep,
  type Beat,
  type Monitored,
  type RunLogLine,
  type Work,
} from '@lance-offload/fleet';
import type { Page, Receipt, RunReport } from '@lance-offload/core';
import { VERSION, type Logger, type OffloadError, type OffloadErrorCode } from '@lance-offload/base';
import type { Redis } from 'ioredis';

type MonitorLink = Monitored & { readonly redis: Redis };

export interface WorkerFacts {
  readonly concurrency: number;
  readonly threads: number;
}

/**
 * Tells Redis how this worker's work goes on: what it staged at once, what it counted and that it lives with each
 * heartbeat. Telling never fails or delays a page: while Redis is away, nothing is told.
 */
export class WorkerMonitor {
  /** Names this worker in receipts, heartbeats and logs. */
  readonly id = `${hostname()}:${process.pid}`;
  readonly #fleet: MonitorLink;
  readonly #logger: Logger;
  readonly #facts: WorkerFacts;
  readonly #startedAtMs = Date.now();
  readonly #work = new Set<Work>();
  readonly #sums = { pages: 0, rows: 0, bytes: 0, failures: 0 };
  #fields: Record<string, number> = {};
  #busySinceMs = performance.now();
  #state: Beat['state'] = 'working';
  #timer: NodeJS.Timeout | undefined;

  constructor(fleet: MonitorLink, facts: WorkerFacts, logger: Logger) {
    this.#fleet = fleet;
    this.#facts = facts;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
    void this.#beat();
  }

  get isStopping(): boolean {
    return this.#state !== 'working';
  }

  /** No more work is taken. */
  stopping(): void {
    this.#state = 'stopping';
    void this.#beat();
  }

  /** The last heartbeat. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#state = 'stopped';
    await this.#beat();
  }

  /** A query was answered, or failed. */
  query({ ms, code }: { readonly ms: number; readonly code?: OffloadErrorCode }): void {
    this.#add('requests', 1);
    this.#add(latencyField(ms), 1);
    this.#add('latencySumMs', ms);
    if (code === 'SOURCE_RATE_LIMITED') this.#add('pauses', 1);
  }

  /** Work begins; what is returned ends it. */
  begin(work: Omit<Work, 'sinceMs'>): Disposable {
    this.#countBusy();
    const begun = { ...work, sinceMs: Date.now() };
    this.#work.add(begun);
    return {
      [Symbol.dispose]: () => {
        this.#countBusy();
        this.#work.delete(begun);
      },
    };
  }

  staged(runId: string, { page, rows, sourceBytes }: Receipt): void {
    // The keys of a sweep are not rows of the run.
    const counted = page.scan === 'rows' ? rows : 0;
    this.#sums.pages += 1;
    this.#sums.rows += counted;
    this.#sums.bytes += sourceBytes;
    void this.#tell(() =>
      recordStaged({ runId, index: page.index, rows: counted, bytes: sourceBytes }, this.#fleet),
    );
  }

  /**
   * An attempt failed.
   * @param again whether another one follows by itself.
   */
  failed(runId: string, page: Page | undefined, error: OffloadError, again: boolean): void {
    this.#sums.failures += 1;
    this.#add(errorField(error.code), 1);
    if (again) this.#add('retries', 1);
    if (again && page) void this.#tell(() => recordRetry({ runId, index: page.index }, this.#fleet));
    this.log(runId, {
      level: again ? 'warn' : 'error',
      code: error.code,
      text: `${error.message}${again ? ' – trying again' : ''}`,
      ...(page && { page: page.index }),
    });
  }

  committing(runId: string, step: string): void {
    void this.#tell(() => recordStep(runId, step, this.#fleet));
  }

  /** @param ms how long the commit took. */
  committed(report: RunReport, ms: number): void {
    this.#add('commits', 1);
    this.#add('commitMs', Math.round(ms));
    void this.#tell(() => recordReport(report, this.#fleet));
    const version = report.deltaVersion === null ? '' : ` as Delta version ${report.deltaVersion}`;
    const text = `${report.state}${version}: ${report.sourceRows} rows at the source, ${report.lakeRows} in the lake, ${report.verified ? 'verified' : 'not verified'}`;
    this.log(report.runId, { level: 'info', text });
  }

  log(runId: string, line: Omit<RunLogLine, 'atMs' | 'from'>): void {
    void this.#tell(() => logRun(runId, { ...line, atMs: Date.now(), from: this.id }, this.#fleet));
  }

  #add(field: string, by: number): void {
    this.#fields[field] = (this.#fields[field] ?? 0) + by;
  }

  /** Adds the time since the work changed last, once for each piece of work. */
  #countBusy(): void {
    const now = performance.now();
    const pages = [...this.#work].filter(({ page }) => page !== undefined).length;
    this.#add('busyMs', pages * (now - this.#busySinceMs));
    this.#busySinceMs = now;
  }

  async #beat(): Promise<void> {
    this.#countBusy();
    const { rss, heapUsed } = process.memoryUsage();
    const standing: Beat = {
      id: this.id,
      host: hostname(),
      pid: process.pid,
      version: VERSION,
      ...this.#facts,
      startedAtMs: this.#startedAtMs,
      rssBytes: rss,
      heapBytes: heapUsed,
      ...this.#sums,
      state: this.#state,
      work: [...this.#work],
    };
    await this.#tell(async () => {
      const fields = this.#fields;
      this.#fields = {};
      await beat(standing, wholeNumbers(fields), this.#fleet);
    });
  }

  async #tell(what: () => Promise<void>): Promise<void> {
    if (this.#fleet.redis.status !== 'ready') return; // ioredis would keep it, and everything after it, in memory
    try {
      await what();
    } catch (error) {
      this.#logger.debug({ err: error }, 'the fleet’s counts could not be kept');
    }
  }
}

function wholeNumbers(fields: Readonly<Record<string, number>>): Record<string, number> {
  const rounded = Object.entries(fields).map(([field, by]) => [field, Math.round(by)] as const);
  return Object.fromEntries(rounded.filter(([, by]) => by !== 0));
}
