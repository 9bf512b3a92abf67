import {
  readWorkers,
  redisTimeMs,
  type FleetLink,
  type RunRecord,
  type WorkerStanding,
} from '@lance-offload/fleet';
import type { Logger } from '@lance-offload/base';
import type { FleetCommands } from './fleet-commands.ts';
import type { Control, QueueRow } from './answers.ts';
import { BucketWindow } from './bucket-window.ts';
import { FailureIndex } from './failure-index.ts';
import { readQueues } from './queue-rows.ts';
import { RunBook } from './run-book.ts';
import { RunRates } from './run-rates.ts';
import { isFinal, pausedBy, type KnownFacts } from './run-state.ts';

const NO_CONTROL: Control = {
  fleetPaused: false,
  pausedTables: [],
  pausedRuns: [],
  concurrency: null,
  requestsPerSecond: null,
};

const isAlive = ({ lost, state }: WorkerStanding): boolean => !lost && state !== 'stopped';

/** What the dashboard knows of the fleet, kept up to date for all who look. */
export class FleetState {
  readonly index: FailureIndex;
  readonly book: RunBook;
  readonly window: BucketWindow;
  readonly rates: RunRates;
  readonly #fleet: FleetLink;
  readonly #commands: FleetCommands;
  #workers: readonly WorkerStanding[] = [];
  #queues: readonly QueueRow[] = [];
  #control = NO_CONTROL;
  /** Work under way, by run. */
  #active = new Map<string, { pages: number; commits: number }>();
  #nowMs = 0;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(fleet: FleetLink, commands: FleetCommands, logger: Logger) {
    this.#fleet = fleet;
    this.#commands = commands;
    this.index = new FailureIndex(fleet);
    this.book = new RunBook(fleet, logger);
    this.window = new BucketWindow(fleet);
    this.rates = new RunRates(fleet);
  }

  /** Redis’s clock when it was read last. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get workers(): readonly WorkerStanding[] {
    return this.#workers;
  }

  get workersAlive(): number {
    return this.#workers.filter(isAlive).length;
  }

  get queues(): readonly QueueRow[] {
    return this.#queues;
  }

  get control(): Control {
    return this.#control;
  }

  /** Reads what has changed, unless it was read less than `maxAgeMs` ago. Calls at one time share the work. */
  async refresh(maxAgeMs: number): Promise<void> {
    if (performance.now() - this.#readAtMs < maxAgeMs) return;
    this.#running ??= this.#read().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Something was changed: what was read is old. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
  }

  /** Redis was away, and what it holds may be another thing. */
  forget(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    this.#running = undefined;
    for (const part of [this.index, this.book, this.window, this.rates]) part.forget();
  }

  /** Indexes of the pages of a run that living workers have under way. */
  pagesUnderWay(runId: string): number[] {
    const work = this.#workers.filter(isAlive).flatMap((worker) => worker.work);
    return work.flatMap((piece) => (piece.runId === runId && piece.page !== undefined ? piece.page : []));
  }

  /** What is known of a run beside its record. */
  factsOf(record: RunRecord): KnownFacts {
    const { runId } = record;
    const active = this.#active.get(runId);
    return {
      lost: this.book.isLost(runId),
      claims: this.book.claimsOf(runId),
      failedPages: this.index.countPages(runId),
      failedStep: this.index.failedStep(runId),
      activePages: active?.pages ?? 0,
      committing: (active?.commits ?? 0) > 0,
      pausedBy: isFinal(record) ? null : pausedBy(record, this.#control),
    };
  }

  async #read(): Promise<void> {
    const begunMs = performance.now();
    const nowMs = await redisTimeMs(this.#fleet.redis);
    const [workers, queues, control] = await Promise.all([
      readWorkers(nowMs, this.#fleet),
      readQueues(this.#fleet),
      this.#commands.readControl(),
      this.window.refresh(nowMs),
      this.index.refresh(),
      this.book.refresh(nowMs),
    ]);
    const staging = this.book.list(nowMs).filter(({ state }) => state === 'staging');
    await this.rates.refresh(nowMs, staging);
    this.#workers = workers;
    this.#queues = queues;
    this.#control = control;
    this.#active = countActive(workers);
    this.#nowMs = nowMs;
    this.#readAtMs = begunMs;
  }
}

function countActive(workers: readonly WorkerStanding[]): Map<string, { pages: number; commits: number }> {
  const active = new Map<string, { pages: number; commits: number }>();
  for (const { runId, page } of workers.filter(isAlive).flatMap(({ work }) => work)) {
    const counts = active.get(runId) ?? { pages: 0, commits: 0 };
    active.set(runId, counts);
    if (page === undefined) counts.commits += 1;
    else counts.pages += 1;
  }
  return active;
}
