import { readLog, deletionVectorKey, dataFileKey, type LogEntry, type Store } from '@lance-offload/delta';
import { PROBES, type RunKey, type Staging } from '../stage/staging.ts';

const HOUR_MS = 3_600_000;

/**
 * How long a file that nothing refers to is kept: whoever wrote it may have been standing still. A clock decides, so it is
 * hours more than any clock is wrong, and any process stands still.
 */
const KEEP_UNUSED_MS = 24 * HOUR_MS;

/**
 * How long deletion vectors are: nothing says who has written one, and another Delta writer's may be among them. It is how long Delta keeps
 * what it has no use for (`delta.deletedFileRetentionDuration`).
 */
const KEEP_VECTORS_MS = 7 * 24 * HOUR_MS;

/** How often a table is looked through. */
const INTERVAL_MS = HOUR_MS;

/** A hint: when the table was looked through last. */
const LAST = '_offload/housekeeping.json';

export interface GarbageLimits {
  readonly keepMs?: number;
  readonly keepVectorsMs?: number;
  /** Look even where somebody has just looked. */
  readonly always?: boolean;
}

/** Keys of all files that a version of the table refers to, also one that is long gone: any that can still be read. */
function referredTo(log: readonly LogEntry[], table: Store): Set<string> {
  const keys = new Set<string>();
  for (const { actions } of log) {
    for (const { add, remove } of actions) {
      const file = add ?? remove;
      if (!file) continue;
      keys.add(dataFileKey(file));
      const key = table.keyOf(file.path); // another writer may call a file of the table by its whole address
      if (key !== undefined) keys.add(key);
      const vector = file.deletionVector && deletionVectorKey(table, file.deletionVector);
      if (vector !== undefined) keys.add(vector);
    }
  }
  return keys;
}

async function isDue(table: Store): Promise<boolean> {
  const last = await table.head(LAST);
  return last === undefined || Math.abs(Date.now() - last.modifiedMs) >= INTERVAL_MS; // clocks may be set back
}

/** Notes that the table is looked through now. Returns when that is, by the clock that dates its files. */
async function begin(table: Store): Promise<number> {
  await table.put(LAST, `${JSON.stringify({ atMs: Date.now() })}\n`);
  return (await table.head(LAST))?.modifiedMs ?? 0;
}

/** What of a run is for staging it alone. Its plan, decision and report stay: they say what became of it. */
const staged = ({ runId }: RunKey): string[] =>
  ['receipts/', 'keys/', 'listing-', 'row-ids'].map((name) => `_offload/${runId}/${name}`);

/** The runs of a table that have ended, which is for good, and how many have not. */
async function runsOf(destination: string, staging: Staging): Promise<{ open: number; ended: Set<string> }> {
  let open = 0;
  const ended = new Set<string>();
  for (const runId of await staging.listRuns(destination)) {
    if (await staging.hasEnded({ destination, runId })) ended.add(runId);
    else open += 1;
  }
  return { open, ended };
}

/** The run that a data file of ours belongs to; `undefined` for what another writer has put there. */
const runOfKey = (key: string): string | undefined =>
  /^data\/([^/]+)\/(?:page|closed)-[^/]+\.parquet$/.exec(key)?.[1];

/** What was written before a time, below some prefixes. */
async function* olderThan(
  store: Store,
  prefixes: readonly string[],
  beforeMs: number,
): AsyncGenerator<string> {
  for (const prefix of prefixes)
    for await (const { key, modifiedMs } of store.list(prefix)) if (modifiedMs < beforeMs) yield key;
}

/** Openings but the last one: that was made once the run of each had ended. */
async function pastOpenings(
  destination: string,
  { store, keys }: Staging,
  beforeMs: number,
): Promise<string[]> {
  const openings: string[] = [];
  let isLast = true;
  for await (const { key, modifiedMs } of store.list(`${keys.openings(destination)}/`)) {
    if (!isLast && modifiedMs < beforeMs) openings.push(key);
    isLast = false;
  }
  return openings;
}

/** What of the lake itself was left by who died: what lake.duckdb was to be, and probes. */
async function collectLeftovers({ store, keys }: Staging, beforeMs: number): Promise<number> {
  const probes: string[] = [];
  for await (const key of olderThan(store, [PROBES], beforeMs)) probes.push(key);
  await store.delete(probes);
  const unfinished = await store.deleteUnfinished(keys.database, beforeMs);
  return probes.length + unfinished + (await store.deleteUnfinished(PROBES, beforeMs));
}

/**
 * Removes what nothing refers to and nothing will: files of attempts that died, of cancelled runs, of commits that lost a
 * race, and what staging an ended run took. Each file that it chooses is garbage for good, so that it does not matter when it is removed, or
 * who stands still meanwhile:
 *
 * - a data file: its run has ended before the log was read, so that the log has the only entry that can refer to it;
 * - a deletion vector: no run was open before the log was read, and none opened since has written it: it is too old for that;
 * - receipts, keys and listings of a run that has ended, and openings that another one has followed.
 *
 * All of that is old as well: who wrote it may be about to do something with it that is in vain, and should not fail over it.
 * Files that a version refers to are left for `VACUUM`, however old the version is.
 *
 * @returns how many files it removed.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function collectGarbage(
  destination: string,
  staging: Staging,
  { keepMs = KEEP_UNUSED_MS, keepVectorsMs = KEEP_VECTORS_MS, always = false }: GarbageLimits = {},
): Promise<number> {
  const table = staging.table(destination);
  if (!always && !(await isDue(table))) return 0;
  const nowMs = await begin(table);
  const old = nowMs - keepMs;
  // Which runs have ended is looked up before the log is read: what they have published is in the log by then.
  const { open, ended } = await runsOf(destination, staging);
  const used = referredTo(await readLog(table), table);
  const garbage: string[] = [];
  for await (const key of olderThan(table, ['data/'], old))
    if (!used.has(key) && ended.has(runOfKey(key) ?? '')) garbage.push(key);
  if (open === 0)
    for await (const key of olderThan(table, ['deletion_vector_'], nowMs - keepVectorsMs))
      if (!used.has(key)) garbage.push(key);
  const stagedFor = [...ended].flatMap((runId) => staged({ destination, runId }));
  for await (const key of olderThan(table, stagedFor, old)) garbage.push(key);
  const openings = await pastOpenings(destination, staging, old);
  await table.delete(garbage);
  await staging.store.delete(openings);
  const unfinished = await table.deleteUnfinished('', old);
  return garbage.length + openings.length + unfinished + (await collectLeftovers(staging, old));
}
