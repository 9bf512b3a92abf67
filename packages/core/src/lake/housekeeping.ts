import { readLog, type LogEntry } from './delta-log.ts';
import { deletionVectorKey } from './deletion-vector.ts';
import { dataFileKey } from './deleted-rows.ts';
import type { RunKey, Staging } from './staging.ts';
import type { Store } from '../store/store.ts';

const HOUR_MS = 3_600_000;

/**
 * How long a file that nothing refers to is kept: whoever wrote it may have been standing still. A clock decides, so it is
 * hours more than any clock is wrong, and any process stands still.
 */
const KEEP_UNUSED_MS = 24 * HOUR_MS;

/** How often a table is looked through. */
const INTERVAL_MS = HOUR_MS;

/** A hint: when the table was looked through last. */
const LAST = '_offload/housekeeping.json';

export interface GarbageLimits {
  readonly nowMs?: number;
  readonly keepMs?: number;
  /** Look even where somebody has just looked. */
  readonly always?: boolean;
}

/** Keys of all files that a version of the table refers to, also one that is long gone. */
function referredTo(log: readonly LogEntry[], table: Store): Set<string> {
  const keys = new Set<string>();
  for (const { actions } of log) {
    for (const { add, remove } of actions) {
      const file = add ?? remove;
      if (!file) continue;
      keys.add(dataFileKey(file));
      const vector = file.deletionVector && deletionVectorKey(table, file.deletionVector);
      if (vector !== undefined) keys.add(vector);
    }
  }
  return keys;
}

async function isDue(table: Store, nowMs: number): Promise<boolean> {
  const last = await table.head(LAST);
  return last === undefined || nowMs - last.modifiedMs >= INTERVAL_MS;
}

/** What of a run is for staging it alone. Its plan, decision and report stay: they say what became of it. */
const staged = ({ runId }: RunKey): string[] =>
  ['receipts', 'keys', 'listing-rows', 'listing-keys', 'row-ids'].map((name) => `_offload/${runId}/${name}`);

/** Which runs of a table have not ended: whatever they have written is kept. */
async function openRuns(
  destination: string,
  staging: Staging,
): Promise<{ open: Set<string>; ended: string[] }> {
  const [open, ended] = [new Set<string>(), [] as string[]];
  for (const runId of await staging.listRuns(destination)) {
    if (await staging.hasEnded({ destination, runId })) ended.push(runId);
    else open.add(runId);
  }
  return { open, ended };
}

/** The run that a key belongs to; `undefined` for what is of no run. */
const runOfKey = (key: string): string | undefined => /^data\/([^/]+)\//.exec(key)?.[1];

/**
 * Removes what nothing refers to and nothing will: files of attempts that died, of cancelled runs, of commits that lost a
 * race, and what staging an ended run took. A file goes where it is old enough, no version of the table that its log knows refers to it, and
 * its run has ended. Files that a version refers to are left for `VACUUM`.
 *
 * @returns how many files it removed.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function collectGarbage(
  destination: string,
  staging: Staging,
  { nowMs = Date.now(), keepMs = KEEP_UNUSED_MS, always = false }: GarbageLimits = {},
): Promise<number> {
  const table = staging.table(destination);
  if (!always && !(await isDue(table, nowMs))) return 0;
  await table.put(LAST, `${JSON.stringify({ atMs: nowMs })}\n`);
  // Which runs are open is looked up before the log is read: a run that ends in between is in the log by then.
  const { open, ended } = await openRuns(destination, staging);
  const used = referredTo(await readLog(table), table);
  const old = nowMs - keepMs;
  const garbage: string[] = [];
  for (const prefix of [
    'data/',
    'deletion_vector_',
    ...ended.flatMap((runId) => staged({ destination, runId })),
  ]) {
    for await (const { key, modifiedMs } of table.list(prefix)) {
      const runId = runOfKey(key);
      // A deletion vector does not say whose it is: it may be that of a commit which is under way.
      const isOfOpenRun =
        runId === undefined ? key.startsWith('deletion_vector_') && open.size > 0 : open.has(runId);
      if (modifiedMs < old && !used.has(key) && !isOfOpenRun) garbage.push(key);
    }
  }
  await table.delete(garbage);
  return garbage.length + (await table.deleteUnfinished('', old));
}
