import {
  dataFileKey,
  deletionVectorKey,
  readEntries,
  type Add,
  type LogEntry,
  type Remove,
  type Store,
} from '@lance-offload/delta';
import { entryOfRun } from '../commit/commit-actions.ts';
import type { RunReport } from '../commit/report.ts';
import type { RunKey, Staging } from '../stage/staging.ts';

/** Keys of the files that some actions refer to, in their table. */
export function referredTo(files: Iterable<Add | Remove>, table: Store): Set<string> {
  const keys = new Set<string>();
  for (const file of files) {
    keys.add(dataFileKey(file));
    const key = table.keyOf(file.path); // another writer may call a file of the table by its whole address
    if (key !== undefined) keys.add(key);
    const vector = file.deletionVector && deletionVectorKey(table, file.deletionVector);
    if (vector !== undefined) keys.add(vector);
  }
  return keys;
}

/** What is to be collected of a table. */
export interface Collection {
  readonly staging: Staging;
  /** When the files were written that may go: before this time, by the clock that dates them. */
  readonly beforeMs: number;
  /** Keys of the files that the table's latest version refers to. */
  readonly live: ReadonlySet<string>;
}

/** What has become of a run's files: whether all of it that is ever to go is gone, and how many files that were. */
export interface Collected {
  readonly isClean: boolean;
  readonly removed: number;
}

/** When a run was ended; `undefined` where it has not, or nothing is known of it. */
async function endedAtMs(
  { destination, runId }: RunKey,
  { store, keys }: Staging,
): Promise<number | undefined> {
  const report = await store.head(keys.report(destination, runId));
  return (report ?? (await store.head(keys.decision(destination, runId))))?.modifiedMs;
}

/** The entry of the log that published a run; `undefined` where another tool has cleaned it away. */
async function entryOf({ runId, deltaVersion }: RunReport, table: Store): Promise<LogEntry | undefined> {
  if (deltaVersion === null) return undefined;
  for await (const entry of readEntries(table, deltaVersion))
    return entry.version === deltaVersion && entryOfRun(entry, runId) ? entry : undefined;
  return undefined;
}

/**
 * What a version refers to of the files a run has written. Its own entry is the first to name each of them; a run that was cancelled has none.
 * `undefined` where that entry is gone: then only a vacuum knows.
 */
async function usedOf(
  key: RunKey,
  table: Store,
  { staging, live }: Collection,
): Promise<ReadonlySet<string> | undefined> {
  const report = await staging.findReport(key);
  if (report?.state !== 'published') return live;
  const entry = await entryOf(report, table);
  if (!entry) return undefined;
  const files = entry.actions.flatMap(({ add, remove }) =>
    [add, remove].filter((file) => file !== undefined),
  );
  return new Set([...live, ...referredTo(files, table)]);
}

/** A data file of ours: what another writer has put into a run's folder is not. */
const OURS = /\/(?:page|closed)-[^/]+\.parquet$/;

/** Files of the run that no version refers to, and that are not for staging it. */
async function unusedFiles(
  { runId }: RunKey,
  table: Store,
  used: ReadonlySet<string>,
): Promise<{ key: string; modifiedMs: number }[]> {
  const unused: { key: string; modifiedMs: number }[] = [];
  for await (const found of table.list(`data/${runId}/`))
    if (OURS.test(found.key) && !used.has(found.key)) unused.push(found);
  for await (const { key } of table.list(`_offload/${runId}/vectors/`)) {
    const vector = await table.head(key.slice(key.lastIndexOf('/') + 1));
    if (vector && !used.has(vector.key)) unused.push(vector);
  }
  return unused;
}

/** What of a run is for staging it alone. Its plan, decision and report stay: they say what became of it. */
const staged = ({ runId }: RunKey): string[] =>
  ['receipts/', 'keys/', 'listing-', 'row-ids'].map((name) => `_offload/${runId}/${name}`);

/**
 * Removes what a run that has ended needs no more: what staging it took, and files that no version refers to. Its end is for good, so
 * that it does not matter when that is done, or who stands still meanwhile. What is younger than the time that is given is left.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function collectRun(key: RunKey, collection: Collection): Promise<Collected> {
  const { staging, beforeMs } = collection;
  const { destination, runId } = key;
  if (!(await staging.hasEnded(key))) return { isClean: false, removed: 0 };
  const endMs = (await endedAtMs(key, staging)) ?? beforeMs;
  const table = staging.table(destination);
  const used = await usedOf(key, table, collection);
  const found = used ? await unusedFiles(key, table, used) : [];
  for (const prefix of staged(key)) for await (const object of table.list(prefix)) found.push(object);
  const old = found.filter(({ modifiedMs }) => modifiedMs < beforeMs).map((object) => object.key);
  if (old.length > 0) await table.delete(old);
  const isClean = old.length === found.length && endMs < beforeMs; // somebody may still be about in one that has just ended
  const notes: string[] = [];
  if (isClean) for await (const note of table.list(`_offload/${runId}/vectors/`)) notes.push(note.key);
  if (notes.length > 0) await table.delete(notes); // behind the vectors: who dies in between finds them again
  let removed = old.length;
  for (const folder of ['data', '_offload'])
    removed += await table.deleteUnfinished(`${folder}/${runId}/`, beforeMs);
  return { isClean, removed };
}

/**
 * Leaves nothing of a run but its report: how it ended. Of one that was cancelled the decision stays as well, because nothing else keeps
 * an attempt from publishing it, however late that wakes up; for a published one the log does.
 */
export async function retireRun({ destination, runId }: RunKey, staging: Staging): Promise<void> {
  const { store, keys } = staging;
  const report = await staging.findReport({ destination, runId });
  const isCancelled = !report || report.state === 'cancelled';
  await store.delete([
    keys.plan(destination, runId),
    ...(isCancelled ? [] : [keys.decision(destination, runId)]),
  ]);
}
