import { readSeries, SERIES_BUCKET_S, type FleetLink, type RunRecord } from '@lance-offload/fleet';

/** Per second. */
export interface RunRate {
  readonly rows: number;
  readonly bytes: number;
}

interface Sample extends RunRate {
  readonly atMs: number;
}

const NO_RATE: RunRate = { rows: 0, bytes: 0 };
const WINDOW_MS = 30_000;
/** Samples that span less say nothing yet. */
const LEAST_MS = 5000;

function between(first: Sample, last: Sample): RunRate | undefined {
  const seconds = (last.atMs - first.atMs) / 1000;
  if (seconds * 1000 < LEAST_MS) return undefined;
  // A report replaces what was counted by what was audited, which may be less.
  return {
    rows: Math.max(0, (last.rows - first.rows) / seconds),
    bytes: Math.max(0, (last.bytes - first.bytes) / seconds),
  };
}

async function rateOfSeries(runId: string, nowMs: number, fleet: FleetLink): Promise<RunRate> {
  const nowS = nowMs / 1000;
  const fromS = Math.floor((nowMs - WINDOW_MS) / 1000 / SERIES_BUCKET_S) * SERIES_BUCKET_S + SERIES_BUCKET_S;
  const recent = (await readSeries(runId, fleet)).filter(({ atS }) => atS >= fromS);
  const seconds = nowS - fromS;
  return {
    rows: recent.reduce((sum, { rows }) => sum + rows, 0) / seconds,
    bytes: recent.reduce((sum, { bytes }) => sum + bytes, 0) / seconds,
  };
}

/** How fast each open run goes, from its progress over the last half minute. */
export class RunRates {
  readonly #fleet: FleetLink;
  readonly #samples = new Map<string, Sample[]>();
  readonly #rates = new Map<string, RunRate>();

  constructor(fleet: FleetLink) {
    this.#fleet = fleet;
  }

  /** Takes the progress of the runs that are staged right now; what is not among them is forgotten. */
  async refresh(nowMs: number, staging: readonly RunRecord[]): Promise<void> {
    const open = new Set(staging.map(({ runId }) => runId));
    for (const runId of this.#samples.keys()) {
      if (open.has(runId)) continue;
      this.#samples.delete(runId);
      this.#rates.delete(runId);
    }
    await Promise.all(staging.map((record) => this.#sample(nowMs, record)));
  }

  of(runId: string): RunRate {
    return this.#rates.get(runId) ?? NO_RATE;
  }

  forget(): void {
    this.#samples.clear();
    this.#rates.clear();
  }

  async #sample(nowMs: number, { runId, rows, bytes }: RunRecord): Promise<void> {
    const last: Sample = { atMs: nowMs, rows, bytes };
    const samples = [...(this.#samples.get(runId) ?? []), last];
    // The first one is that from before the window, so that the window is whole.
    const begin = samples.findLastIndex(({ atMs }) => atMs <= nowMs - WINDOW_MS);
    const kept = samples.slice(Math.max(0, begin));
    this.#samples.set(runId, kept);
    const rate = between(kept[0] ?? last, last);
    this.#rates.set(runId, rate ?? (await rateOfSeries(runId, nowMs, this.#fleet)));
  }
}
