import {
  commitJobId,
  placeOfJob,
  planJobId,
  RUN_STEPS,
  type FleetLink,
  type RunStep,
} from '@lance-offload/fleet';
import { readFacts, type KnownFailure } from './failure-facts.ts';
import type { FailureFilter } from './answers.ts';

const ZSCAN_COUNT = 5000;
const READ_CHUNK = 1000;
/** Jobs read in one go; the rest follows in the next. */
const MOST_READS = 25_000;
/** Between two looks at a whole set that seems to be as it was. */
const FULL_LOOK_MS = 30_000;

interface Standing {
  readonly mark: string;
  readonly atMs: number;
}

function placeOf(jobId: string): { runId: string; page: number | null } {
  const { runId = jobId, page = null } = placeOfJob(jobId) ?? {};
  return { runId, page };
}

function matches(
  failure: KnownFailure,
  filter: FailureFilter,
  jobIds: ReadonlySet<string> | undefined,
): boolean {
  return (
    (filter.code === undefined || failure.code === filter.code) &&
    (filter.table === undefined || failure.table === filter.table) &&
    (filter.step === undefined || failure.step === filter.step) &&
    (jobIds === undefined || jobIds.has(failure.jobId))
  );
}

/**
 * The failed jobs of the fleet, kept as BullMQ's failed sets have them. A job is read once, when it is new or has failed
 * again; what is kept of it is small, and its words are read when they are shown.
 */
export class FailureIndex {
  readonly #fleet: FleetLink;
  readonly #runs = new Map<string, Map<string, KnownFailure>>();
  readonly #atMs = new Map<string, number>();
  readonly #standings = new Map<RunStep, Standing>();
  #version = 0;
  #running: Promise<void> | undefined;

  constructor(fleet: FleetLink) {
    this.#fleet = fleet;
  }

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get total(): number {
    return this.#atMs.size;
  }

  /** Looks at the failed sets again. */
  refresh(): Promise<void> {
    this.#running ??= this.#look().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** From the start: what Redis holds may be another thing. */
  forget(): void {
    this.#running = undefined;
    this.#standings.clear();
  }

  ofRun(runId: string): Iterable<KnownFailure> {
    return this.#runs.get(runId)?.values() ?? [];
  }

  countPages(runId: string): number {
    const failures = this.#runs.get(runId);
    if (!failures) return 0;
    const steps = Number(failures.has(planJobId(runId))) + Number(failures.has(commitJobId(runId)));
    return failures.size - steps;
  }

  failedStep(runId: string): 'plan' | 'commit' | null {
    const failures = this.#runs.get(runId);
    if (failures?.has(planJobId(runId)) === true) return 'plan';
    return failures?.has(commitJobId(runId)) === true ? 'commit' : null;
  }

  find(filter: FailureFilter): KnownFailure[] {
    const jobIds = filter.jobIds && new Set(filter.jobIds);
    const runs =
      filter.runId === undefined ? this.#runs.values() : [this.#runs.get(filter.runId) ?? new Map()];
    const found: KnownFailure[] = [];
    for (const failures of runs as Iterable<Map<string, KnownFailure>>)
      for (const failure of failures.values()) if (matches(failure, filter, jobIds)) found.push(failure);
    return found;
  }

  async #look(): Promise<void> {
    let left = MOST_READS;
    for (const step of RUN_STEPS) left -= await this.#lookAt(step, left);
  }

  /** Returns how many jobs were read. */
  async #lookAt(step: RunStep, most: number): Promise<number> {
    const mark = await this.#markOf(step);
    const standing = this.#standings.get(step);
    if (standing?.mark === mark && Date.now() - standing.atMs < FULL_LOOK_MS) return 0;
    const failed = await this.#readFailed(step);
    const suffix = step === 'page' ? '.page-' : `.${step}`;
    for (const jobId of this.#atMs.keys())
      if (jobId.includes(suffix) && !failed.has(jobId)) this.#drop(jobId);
    const news = [...failed].filter(([jobId, atMs]) => this.#atMs.get(jobId) !== atMs);
    const read = news.slice(0, most);
    for (let at = 0; at < read.length; at += READ_CHUNK)
      await this.#read(step, read.slice(at, at + READ_CHUNK));
    if (read.length === news.length) this.#standings.set(step, { mark, atMs: Date.now() });
    else this.#standings.delete(step);
    return read.length;
  }

  /** How many have failed, and which one last: where both are as they were, nothing has changed but by a rare chance. */
  async #markOf(step: RunStep): Promise<string> {
    const key = this.#fleet.queues[step].toKey('failed');
    const [size, last] = await Promise.all([
      this.#fleet.redis.zcard(key),
      this.#fleet.redis.zrange(key, '0', '0', 'REV', 'WITHSCORES'),
    ]);
    return [size, ...last].join(' ');
  }

  /** ZSCAN, because it misses nothing that is there throughout, whatever is retried meanwhile. */
  async #readFailed(step: RunStep): Promise<Map<string, number>> {
    const key = this.#fleet.queues[step].toKey('failed');
    const failed = new Map<string, number>();
    let cursor = '0';
    do {
      const [next, flat] = await this.#fleet.redis.zscan(key, cursor, 'COUNT', ZSCAN_COUNT);
      for (let at = 0; at + 1 < flat.length; at += 2) failed.set(String(flat[at]), Number(flat[at + 1]));
      cursor = next;
    } while (cursor !== '0');
    return failed;
  }

  async #read(step: RunStep, jobs: readonly (readonly [string, number])[]): Promise<void> {
    const facts = await readFacts(
      step,
      jobs.map(([jobId]) => jobId),
      this.#fleet,
    );
    for (const [index, [jobId, atMs]] of jobs.entries()) {
      const known = facts[index];
      if (!known) continue; // removed meanwhile
      const { runId, page } = placeOf(jobId);
      const failures = this.#runs.get(runId) ?? new Map<string, KnownFailure>();
      this.#runs.set(runId, failures);
      failures.set(jobId, { ...known, jobId, step, runId, page, atMs });
      this.#atMs.set(jobId, atMs);
      this.#version += 1;
    }
  }

  #drop(jobId: string): void {
    const { runId } = placeOf(jobId);
    const failures = this.#runs.get(runId);
    failures?.delete(jobId);
    if (failures?.size === 0) this.#runs.delete(runId);
    this.#atMs.delete(jobId);
    this.#version += 1;
  }
}
