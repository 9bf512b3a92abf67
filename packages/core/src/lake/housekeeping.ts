import { z } from 'zod';
import { getText, readSnapshot, type Store } from '@lance-offload/delta';
import { collectRun, referredTo, retireRun, type Collection } from './collect-run.ts';
import { LAST_OPENING } from './paths.ts';
import { PROBES, type Staging } from '../stage/staging.ts';

const HOUR_MS = 3_600_000;

/**
 * How long a file that nothing refers to is kept: whoever wrote it may have been standing still. A clock decides, so it is
 * hours more than any clock is wrong, and any process stands still.
 */
const KEEP_UNUSED_MS = 24 * HOUR_MS;

/** Of how many runs of a table plan and decision are kept, beside the report. */
const KEEP_RUNS = 100;

/** How often a table is looked through. */
const INTERVAL_MS = HOUR_MS;

/** A hint: when the table was looked through last, and what need not be looked at again. */
const LAST = '_offload/housekeeping.json';

const progressSchema = z.object({
  /** Runs with openings up to this number are clean. */
  upTo: z.int().nonnegative().catch(0),
  /** Runs without an opening that are not clean; absent where nobody has looked for them. */
  left: z.array(z.string()).optional().catch(undefined),
});
type Progress = z.output<typeof progressSchema>;

export interface GarbageLimits {
  readonly keepMs?: number;
  readonly keepRuns?: number;
  /** Look even where somebody has just looked. */
  readonly always?: boolean;
}

async function isDue(table: Store): Promise<boolean> {
  const last = await table.head(LAST);
  return last === undefined || Math.abs(Date.now() - last.modifiedMs) >= INTERVAL_MS; // clocks may be set back
}

async function readProgress(table: Store): Promise<Progress> {
  try {
    return progressSchema.parse(JSON.parse((await getText(table, LAST)) ?? '{}'));
  } catch {
    return { upTo: 0 }; // damaged: everything is looked at again
  }
}

async function noteProgress(table: Store, progress: Progress): Promise<void> {
  await table.put(LAST, `${JSON.stringify({ atMs: Date.now(), ...progress })}\n`);
}

/** What of the lake itself was left by who died: what lake.duckdb was to be, marks of views, and probes. */
async function collectLeftovers({ store, keys }: Staging, beforeMs: number): Promise<number> {
  const probes: string[] = [];
  for await (const { key, modifiedMs } of store.list(PROBES)) if (modifiedMs < beforeMs) probes.push(key);
  if (probes.length > 0) await store.delete(probes);
  let removed = probes.length;
  for (const prefix of [keys.database, PROBES, `${keys.viewMarks}/`])
    removed += await store.deleteUnfinished(prefix, beforeMs);
  return removed;
}

/** What was cut off while it was written, where no run has a folder of its own for it. */
async function collectUnfinished(table: Store, beforeMs: number): Promise<number> {
  let removed = 0;
  for (const prefix of ['deletion_vector_', '_delta_log/', '_offload/openings/', LAST])
    removed += await table.deleteUnfinished(prefix, beforeMs);
  return removed;
}

interface PastOpening {
  readonly number: number;
  readonly key: string;
  readonly modifiedMs: number;
}

/** The openings of a table, the last one first. */
async function listOpenings(destination: string, { store, keys }: Staging): Promise<PastOpening[]> {
  const openings: PastOpening[] = [];
  for await (const { key, modifiedMs } of store.list(`${keys.openings(destination)}/`)) {
    const number = LAST_OPENING - Number(/(\d{10})\.json$/.exec(key)?.[1]);
    if (!Number.isNaN(number)) openings.push({ number, key, modifiedMs });
  }
  return openings;
}

/** Collects of the runs that were opened since the last clean one, as far as they are clean then: runs end in the order of their openings. */
async function collectOpened(
  openings: readonly PastOpening[],
  upTo: number,
  collection: Collection,
): Promise<{ removed: number; upTo: number }> {
  let [removed, clean] = [0, upTo];
  for (const { number, key } of openings.toReversed()) {
    if (number <= clean) continue;
    const opening = await collection.staging.readOpening(key);
    if (!opening) continue; // somebody else's housekeeping has come further
    const collected = await collectRun(
      { destination: opening.job.destination, runId: opening.runId },
      collection,
    );
    removed += collected.removed;
    if (!collected.isClean) break;
    clean = number;
  }
  return { removed, upTo: clean };
}

/** Takes plan, decision and opening of clean runs that many others have followed. The opening goes last: by it they are found. */
async function retireOpened(
  openings: readonly PastOpening[],
  { upTo, keepRuns, beforeMs }: { upTo: number; keepRuns: number; beforeMs: number },
  staging: Staging,
): Promise<number> {
  let retired = 0;
  for (const { number, key, modifiedMs } of openings.slice(Math.max(1, keepRuns))) {
    if (number > upTo || modifiedMs >= beforeMs) continue;
    const opening = await staging.readOpening(key);
    if (!opening) continue;
    await retireRun({ destination: opening.job.destination, runId: opening.runId }, staging);
    await staging.store.delete([key]);
    retired += 1;
  }
  return retired;
}

/** Runs of a table that no opening is known of: of releases before 2026-12, which made none, or removed them. */
async function runsWithoutOpening(
  destination: string,
  openings: readonly PastOpening[],
  staging: Staging,
): Promise<string[]> {
  const opened = new Set<string | undefined>();
  for (const { key } of openings) opened.add((await staging.readOpening(key))?.runId);
  return (await staging.listRuns(destination)).filter((runId) => !opened.has(runId));
}

/** Collects of runs without an opening. Of those that are clean, all but the newest are retired as well. */
async function collectUnopened(
  destination: string,
  runIds: readonly string[],
  keepRuns: number,
  collection: Collection,
): Promise<{ removed: number; left: string[] }> {
  let removed = 0;
  const left: string[] = [];
  const retired = new Set(runIds.slice(0, Math.max(0, runIds.length - keepRuns)));
  for (const runId of runIds) {
    const collected = await collectRun({ destination, runId }, collection);
    removed += collected.removed;
    if (!collected.isClean) left.push(runId);
    else if (retired.has(runId)) await retireRun({ destination, runId }, collection.staging);
  }
  return { removed, left };
}

/**
 * Removes what nothing refers to and nothing will: files of attempts that died, of cancelled runs, of commits that lost a
 * race, and what staging an ended run took. Each file that it chooses is garbage for good, so that it does not matter when it is
 * removed, or who stands still meanwhile: its run has ended, and the entry that published the run does not name it.
 *
 * All of that is old as well: who wrote it may be about to do something with it that is in vain, and should not fail over it.
 * Files that a version refers to are left for `VACUUM`, however old the version is. Each run is looked at until it is clean, and then no more;
 * a hint says which are, and without it all are looked at once again.
 *
 * @returns how many files it removed, beside plans, decisions and openings.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function collectGarbage(
  destination: string,
  staging: Staging,
  { keepMs = KEEP_UNUSED_MS, keepRuns = KEEP_RUNS, always = false }: GarbageLimits = {},
): Promise<number> {
  const table = staging.table(destination);
  if (!always && !(await isDue(table))) return 0;
  const progress = await readProgress(table);
  await noteProgress(table, progress);
  const beforeMs = ((await table.head(LAST))?.modifiedMs ?? 0) - keepMs; // by the clock that dates the files
  const openings = await listOpenings(destination, staging);
  const snapshot = await readSnapshot(table);
  const collection = { staging, beforeMs, live: referredTo(snapshot?.files ?? [], table) };
  const isListed = openings.length > 0 && progress.left !== undefined;
  const unopened = isListed
    ? (progress.left ?? [])
    : await runsWithoutOpening(destination, openings, staging);
  const past = await collectUnopened(destination, unopened, isListed ? 0 : keepRuns, collection);
  const opened = await collectOpened(openings, progress.upTo, collection);
  const retired = await retireOpened(openings, { upTo: opened.upTo, keepRuns, beforeMs }, staging);
  await noteProgress(table, { upTo: opened.upTo, ...(openings.length > 0 && { left: past.left }) });
  const unfinished = await collectUnfinished(table, beforeMs);
  return past.removed + opened.removed + retired + unfinished + (await collectLeftovers(staging, beforeMs));
}
