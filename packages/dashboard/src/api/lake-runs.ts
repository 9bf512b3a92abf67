import type { FleetLink, RunRecord } from '@lance-offload/fleet';
import { runsSince, startOfRun, type RecentRun, type RunKey } from '@lance-offload/core';
import type { Logger } from '@lance-offload/base';
import { recordOfOpening, recordOfPlan, recordOfReport } from './known-runs.ts';

const LOOK_MS = 30_000;
const DAY_MS = 24 * 3600 * 1000;

/** Runs of a table that are looked at. */
const OF_A_TABLE = 100;

/** Openings that are not read again. */
const OPENINGS_KEPT = 50_000;

/**
 * A run as the lake has it; `undefined` where it has neither plan nor opening.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function findInLake(key: RunKey, { staging }: FleetLink): Promise<RunRecord | undefined> {
  const report = await staging.findReport(key);
  if (report) return recordOfReport(report);
  const plan = await staging.findPlan(key);
  const opening = plan ? undefined : await staging.lastOpening(key.destination);
  const record = plan
    ? recordOfPlan(plan, (await staging.listReceipts(key)).length)
    : opening?.runId === key.runId
      ? recordOfOpening(opening.job)
      : undefined;
  if (!record) return undefined;
  const decision = await staging.findDecision(key);
  return decision?.decision === 'cancel'
    ? { ...record, state: 'cancelled', finishedAtMs: decision.atMs }
    : record;
}

/** Runs of the lake that Redis knows nothing of, as after it was emptied: those of the last day, and open ones. */
export class LakeRuns {
  readonly #fleet: FleetLink;
  readonly #logger: Logger;
  /** Those that have ended do not change any more. */
  readonly #ended = new Map<string, RunRecord>();
  /** What openings say, by their keys. */
  readonly #opened = new Map<string, RecentRun>();
  #runs: readonly RunRecord[] = [];
  #lookedAtMs = 0;
  #looking = false;

  constructor(fleet: FleetLink, logger: Logger) {
    this.#fleet = fleet;
    this.#logger = logger;
  }

  /** As they were when the lake was looked at last. */
  get runs(): readonly RunRecord[] {
    return this.#runs;
  }

  /** Looks at the lake beside everything else, every half minute at most. */
  refresh(nowMs: number, isKnown: (runId: string) => boolean): void {
    if (this.#looking || Date.now() - this.#lookedAtMs < LOOK_MS) return;
    this.#looking = true;
    this.#look(nowMs, isKnown)
      .catch((error: unknown) => this.#logger.debug({ err: error }, 'the lake could not be looked at'))
      .finally(() => {
        this.#looking = false;
        this.#lookedAtMs = Date.now();
      });
  }

  async #look(nowMs: number, isKnown: (runId: string) => boolean): Promise<void> {
    const { staging } = this.#fleet;
    const found: RunRecord[] = [];
    if (this.#opened.size > OPENINGS_KEPT) this.#opened.clear();
    const sinceMs = nowMs - DAY_MS;
    const limits = { limit: OF_A_TABLE, sinceMs };
    for (const destination of await staging.listTables()) {
      for (const { runId } of await runsSince(destination, limits, staging, this.#opened)) {
        if (isKnown(runId) || Number.isNaN(startOfRun(runId))) continue;
        const record = this.#ended.get(runId) ?? (await findInLake({ destination, runId }, this.#fleet));
        if (record?.finishedAtMs !== undefined) this.#ended.set(runId, record);
        const recent = startOfRun(runId) > sinceMs;
        if (record && (recent || record.finishedAtMs === undefined)) found.push(record);
      }
    }
    const there = new Set(found.map(({ runId }) => runId));
    for (const runId of this.#ended.keys()) if (!there.has(runId)) this.#ended.delete(runId);
    this.#runs = found;
  }
}
