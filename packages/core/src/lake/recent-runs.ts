import type { RunKey, Staging } from '../stage/staging.ts';

/** A run as a listing of its table names it. */
interface ListedRun {
  /** When it was opened, in milliseconds; by the clock of the store, or of its producer. */
  readonly atMs: number;
  /** Who it is: its id is in its opening, unless a folder is named for it. */
  readonly key: RunKey | { readonly opening: string };
}

/** A run, with the name of its table at the source where its opening tells it. */
export interface RecentRun extends RunKey {
  readonly table?: string;
}

/** When a run was started, by its id, in milliseconds; not a number where that does not say. */
export function startOfRun(runId: string): number {
  const [, y, mo, d, h, mi, s] = /-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{4}$/.exec(runId) ?? [];
  return Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
}

/** Of two that were started in the same second, the order does not say which was first, but is the same for all who ask. */
function newestFirst(a: RunKey, b: RunKey): number {
  const [one, other] = [a, b].map(({ runId }) => runId.slice(-'20261122T101500Z-7f3a'.length));
  return one === other ? 0 : (one ?? '') < (other ?? '') ? 1 : -1;
}

/** How many runs are looked for, and since when; the last one of each table is always looked at. */
export interface RecentLimits {
  readonly limit: number;
  readonly sinceMs: number;
}

/**
 * The newest runs of a table. Openings are listed from the last one on, so that it does not matter how many there were before; only where
 * there are fewer of them than are asked for, the folders of runs are listed too: releases before 2026-12 made no openings.
 */
async function listRecent(
  destination: string,
  { limit, sinceMs }: RecentLimits,
  staging: Staging,
): Promise<ListedRun[]> {
  const runs: ListedRun[] = [];
  for await (const { key, modifiedMs } of staging.store.list(`${staging.keys.openings(destination)}/`)) {
    if (runs.length >= limit || (runs.length > 0 && modifiedMs < sinceMs)) return runs;
    runs.push({ atMs: modifiedMs, key: { opening: key } });
  }
  if (runs.length >= limit) return runs;
  const folders = (await staging.listRuns(destination))
    .map((runId) => ({ atMs: startOfRun(runId), key: { destination, runId } }))
    .filter(({ atMs }) => !Number.isNaN(atMs))
    .toSorted((a, b) => newestFirst(a.key, b.key));
  const isRecent = ({ atMs }: ListedRun, index: number) =>
    (runs.length === 0 && index === 0) || atMs >= sinceMs;
  return [...runs, ...folders.filter(isRecent).slice(0, limit)];
}

/** Reads which runs are meant. An opening that is gone meanwhile was that of an old run. */
async function readKeys(
  listed: readonly ListedRun[],
  staging: Staging,
  known: Map<string, RecentRun>,
): Promise<RecentRun[]> {
  const runs = new Map<string, RecentRun>();
  for (const { key } of listed) {
    if ('runId' in key) {
      if (!runs.has(key.runId)) runs.set(key.runId, key);
      continue;
    }
    const run = known.get(key.opening) ?? (await staging.readOpening(key.opening))?.job;
    if (!run) continue;
    const { runId, destination, table } = run;
    const found = { runId, destination, ...(table !== undefined && { table }) };
    known.set(key.opening, found);
    runs.set(runId, found);
  }
  return [...runs.values()];
}

/**
 * The newest runs of the whole lake. It takes a listing a table, and reads an opening for each run that it finds.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function newestRuns(staging: Staging, limit: number): Promise<RecentRun[]> {
  const listed: ListedRun[] = [];
  for (const destination of await staging.listTables())
    listed.push(...(await listRecent(destination, { limit, sinceMs: Number.NEGATIVE_INFINITY }, staging)));
  const opened = listed.filter(({ key }) => 'opening' in key);
  const named = listed.filter(({ key }) => 'runId' in key);
  const newest = [opened, named].flatMap((some) => some.toSorted((a, b) => b.atMs - a.atMs).slice(0, limit));
  return (await readKeys(newest, staging, new Map())).toSorted(newestFirst).slice(0, limit);
}

/**
 * The runs of a table that were opened since a time, up to a limit, and its last one whenever that was opened.
 *
 * @param known what openings say that were read before, by their keys: they never change.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function runsSince(
  destination: string,
  limits: RecentLimits,
  staging: Staging,
  known: Map<string, RecentRun> = new Map(),
): Promise<RecentRun[]> {
  const listed = await listRecent(destination, limits, staging);
  return (await readKeys(listed, staging, known)).toSorted(newestFirst);
}
