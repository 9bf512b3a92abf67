import {
  commitJobId,
  KEEP_RUNS_S,
  readClaims,
  readRecordsOf,
  readRunIds,
  type FleetLink,
  type RunClaims,
  type RunRecord,
} from '@lance-offload/fleet';
import type { Logger } from '@lance-offload/base';
import { recordOfReport } from './known-runs.ts';
import { LakeRuns } from './lake-runs.ts';
import { isFinal } from './run-state.ts';

const DAY_MS = 24 * 3600 * 1000;
/** All ids are listed this often; in between only those of the last minutes. Producers’ clocks may disagree. */
const LIST_MS = 30_000;
const RECENT_MS = 5 * 60_000;
const MOST_READS = 5000;
/** How often the queue is asked whether it still has the open runs. */
const CHECK_MS = 10_000;
/** A run has its record before it is enqueued. */
const ENQUEUE_MS = 60_000;

/** The runs of the last day, and all that are open. What is told of a run that has ended is read once. */
export class RunBook {
  readonly #fleet: FleetLink;
  readonly #lake: LakeRuns;
  /** Every run that Redis tells of; null: it has ended, more than a day ago. */
  readonly #told = new Map<string, RunRecord | null>();
  readonly #lost = new Set<string>();
  readonly #claims = new Map<string, RunClaims>();
  #listedAtMs = 0;
  #checkedAtMs = 0;

  constructor(fleet: FleetLink, logger: Logger) {
    this.#fleet = fleet;
    this.#lake = new LakeRuns(fleet, logger);
  }

  /** The newest first. */
  list(nowMs: number): RunRecord[] {
    const told = [...this.#told.values()].filter((record) => record !== null);
    const untold = this.#lake.runs.filter(({ runId }) => !this.#told.has(runId));
    return [...told, ...untold]
      .filter((record) => !isFinal(record) || record.startedAtMs > nowMs - DAY_MS)
      .toSorted((a, b) => b.startedAtMs - a.startedAtMs || (a.runId < b.runId ? -1 : 1));
  }

  find(runId: string): RunRecord | undefined {
    return this.#told.get(runId) ?? this.#lake.runs.find((record) => record.runId === runId);
  }

  /** Whether the queue has no job of an open run any more. */
  isLost(runId: string): boolean {
    return this.#lost.has(runId);
  }

  /** What the lake says of an open run that the queue does not move on. */
  claimsOf(runId: string): RunClaims | null {
    return this.#claims.get(runId) ?? null;
  }

  /** What Redis holds may be another thing. */
  forget(): void {
    this.#told.clear();
    this.#lost.clear();
    this.#claims.clear();
    this.#listedAtMs = 0;
    this.#checkedAtMs = 0;
  }

  async refresh(nowMs: number): Promise<void> {
    await this.#listIds(nowMs);
    const open = [...this.#told].flatMap(([runId, record]) =>
      record === null || isFinal(record) ? [] : runId,
    );
    await this.#read(open, nowMs);
    this.#lake.refresh(nowMs, (runId) => this.#told.has(runId));
    if (Date.now() - this.#checkedAtMs < CHECK_MS) return;
    this.#checkedAtMs = Date.now();
    await this.#check(nowMs);
  }

  async #listIds(nowMs: number): Promise<void> {
    const all = Date.now() - this.#listedAtMs >= LIST_MS;
    const ids = await readRunIds(nowMs - (all ? KEEP_RUNS_S * 1000 : RECENT_MS), this.#fleet);
    if (all) {
      const there = new Set(ids);
      for (const runId of this.#told.keys()) if (!there.has(runId)) this.#told.delete(runId);
    }
    const news = ids.filter((runId) => !this.#told.has(runId));
    await this.#read(news.slice(0, MOST_READS), nowMs);
    if (all && news.length <= MOST_READS) this.#listedAtMs = Date.now();
  }

  async #read(runIds: readonly string[], nowMs: number): Promise<void> {
    for (const record of await readRecordsOf(runIds, this.#fleet)) {
      const known = this.#told.get(record.runId);
      // Its report in the lake has the last word.
      if (known && isFinal(known) && !isFinal(record)) continue;
      const old = isFinal(record) && record.startedAtMs <= nowMs - DAY_MS;
      this.#told.set(record.runId, old ? null : record);
    }
  }

  /** Asks the queue for the commits of open runs: where one is gone, done or failed, the lake knows more. */
  async #check(nowMs: number): Promise<void> {
    const open = this.list(nowMs).filter((record) => !isFinal(record));
    const pipeline = this.#fleet.redis.pipeline();
    const { commit } = this.#fleet.queues;
    for (const { runId } of open)
      pipeline.hmget(commit.toKey(commitJobId(runId)), 'name', 'finishedOn', 'failedReason');
    const answers = (await pipeline.exec()) ?? [];
    this.#lost.clear();
    this.#claims.clear();
    for (const [index, record] of open.entries()) {
      const [error, fields] = answers[index] ?? [];
      if (error) throw error;
      const [name, finishedOn, failedReason] = (fields ?? []) as (string | null)[];
      const isThere = typeof name === 'string';
      if (isThere && finishedOn == null) continue;
      await this.#settle(record, isThere && failedReason != null, nowMs);
    }
  }

  async #settle(record: RunRecord, isQueued: boolean, nowMs: number): Promise<void> {
    const { runId, startedAtMs } = record;
    const report = await this.#fleet.staging.findReport(record);
    if (report) {
      this.#told.set(runId, { ...record, ...recordOfReport(report) });
      return;
    }
    if (!isQueued && nowMs - startedAtMs <= ENQUEUE_MS) return;
    const claims = await readClaims(record, this.#fleet, record.state !== 'planning');
    if (!isQueued && claims.decision === 'cancel') this.#told.set(runId, { ...record, state: 'cancelled' });
    else this.#claims.set(runId, claims);
    if (!isQueued) this.#lost.add(runId);
  }
}
