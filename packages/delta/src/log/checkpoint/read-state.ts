import { OffloadError } from '@lance-offload/base';
import type { Store } from '../../store/store.ts';
import { recallState, rememberState, type KnownState } from './known-states.ts';
import { readHint } from './last-checkpoint.ts';
import { readVersions } from './log-entries.ts';
import { listLog, LOG, type CheckpointFiles, type LogFiles } from './log-files.ts';
import { advance, NO_STATE, type LogEntry, type LogState } from './log-state.ts';
import { readCheckpoint } from './read-checkpoint.ts';

/** A table as its log has it at one version. */
export interface ReadState {
  readonly state: LogState;
  /** The last version up to it that is known to have a checkpoint. */
  readonly checkpoint: number | undefined;
}

const ascending = (versions: Iterable<number>): number[] => [...versions].toSorted((a, b) => a - b);

/** The versions behind one, up to another: `undefined` where one of them has no entry. */
function versionsBetween(files: LogFiles, after: number, last: number): number[] | undefined {
  const versions = ascending(files.entries.keys()).filter((version) => version > after && version <= last);
  const isWhole = versions.every((version, index) => version === after + 1 + index);
  return isWhole && (versions.at(-1) ?? after) === last ? versions : undefined;
}

const newestOf = ({ entries, checkpoints }: LogFiles): number =>
  Math.max(-1, ...entries.keys(), checkpoints.at(-1)?.version ?? -1);

function gaps(table: Store): OffloadError {
  return new OffloadError(
    'LAKE_UNAVAILABLE',
    `The Delta log in ${table.locate(LOG)} has gaps, and no checkpoint stands for what is missing; was it cleaned by another tool?`,
    { path: table.locate('') },
  );
}

/** What the readings of a log begin with, the newest first: each whole checkpoint, and the log's own beginning. */
function beginnings(files: LogFiles, last: number): (CheckpointFiles | undefined)[] {
  return [...files.checkpoints.filter(({ version }) => version <= last).toReversed(), undefined];
}

/**
 * Reads the state at a version from the newest beginning that can be read and that all entries follow.
 *
 * @returns `undefined` where there is none.
 * @throws OffloadError `LAKE_UNAVAILABLE`, of a checkpoint that is damaged, where nothing else leads there.
 */
async function readFrom(table: Store, files: LogFiles, last: number): Promise<ReadState | undefined> {
  let damage: unknown;
  for (const checkpoint of beginnings(files, last)) {
    const versions = versionsBetween(files, checkpoint?.version ?? -1, last);
    if (!versions) continue;
    let begun = NO_STATE;
    try {
      if (checkpoint) begun = advance(NO_STATE, [await entryOfCheckpoint(table, checkpoint)]);
    } catch (error) {
      damage ??= error;
      continue;
    }
    const state = advance(begun, await readVersions(table, versions));
    return { state, checkpoint: checkpoint?.version };
  }
  if (damage !== undefined) throw damage;
  return undefined;
}

async function entryOfCheckpoint(table: Store, files: CheckpointFiles): Promise<LogEntry> {
  return { version: files.version, actions: await readCheckpoint(table, files), isCheckpoint: true };
}

/** Goes on from what this process has read before, where that still holds. */
async function readOn(table: Store, known: KnownState, last: number): Promise<KnownState | undefined> {
  const { version } = known.state;
  if (!known.entry || version > last) return undefined;
  const files = await listLog(table, version);
  const standing = files.entries.get(version);
  if (standing?.size !== known.entry.size || standing.modifiedMs !== known.entry.modifiedMs) return undefined;
  const newest = Math.min(last, newestOf(files));
  const versions = versionsBetween(files, version, newest);
  if (!versions) return undefined;
  const checkpoints = files.checkpoints.filter((one) => one.version <= newest);
  return {
    state: advance(known.state, await readVersions(table, versions)),
    checkpoint: checkpoints.at(-1)?.version ?? known.checkpoint,
    entry: files.entries.get(newest),
  };
}

/** Reads the newest state from what a listing shows. */
async function readNewest(table: Store, files: LogFiles): Promise<KnownState | undefined> {
  const newest = newestOf(files);
  const read = newest < 0 ? undefined : await readFrom(table, files, newest);
  return read && { ...read, entry: files.entries.get(newest) };
}

/** A late checkpoint saves the listing of what is before it. Where the hint leads to nothing, all is listed. */
async function readByHint(table: Store): Promise<KnownState | undefined> {
  const hint = await readHint(table);
  if (hint === undefined) return undefined;
  const files = await listLog(table, hint);
  return readNewest(table, files).catch(() => undefined); // what is damaged may have something older to stand in for it
}

async function readLatest(table: Store): Promise<KnownState | undefined> {
  const known = recallState(table);
  const read = (known && (await readOn(table, known, Number.POSITIVE_INFINITY))) ?? (await readByHint(table));
  if (read) return read;
  const files = await listLog(table);
  if (newestOf(files) < 0) return undefined;
  const found = await readNewest(table, files);
  if (!found) throw gaps(table);
  return found;
}

/**
 * The state of a table at a version, or the latest; `undefined` where there is none. It is read from the newest checkpoint that can be read
 * (PROTOCOL.md, "Checkpoints"), or from where this process has read it to before, and nobody is asked for more than what came since.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where an entry or a checkpoint that is needed is damaged or gone.
 */
export async function readState(table: Store, atVersion?: number): Promise<ReadState | undefined> {
  if (atVersion === undefined) {
    const read = await readLatest(table);
    if (read) rememberState(table, read);
    return read;
  }
  if (atVersion < 0) return undefined;
  const known = recallState(table);
  const on = known && (await readOn(table, known, atVersion));
  if (on?.state.version === atVersion) return on;
  const files = await listLog(table);
  return atVersion > newestOf(files) ? undefined : readFrom(table, files, atVersion);
}

/**
 * The whole log that can be read, oldest first. Where the first entries are gone, it begins with the oldest checkpoint that stands for them,
 * as an entry.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`, as `readState` does.
 */
export async function readWholeLog(table: Store): Promise<LogEntry[]> {
  const files = await listLog(table);
  const newest = newestOf(files);
  if (newest < 0) return [];
  const all = versionsBetween(files, -1, newest);
  if (all) return readVersions(table, all);
  let damage: unknown;
  for (const checkpoint of files.checkpoints) {
    const versions = versionsBetween(files, checkpoint.version, newest);
    if (!versions) continue;
    try {
      const first = await entryOfCheckpoint(table, checkpoint);
      return [first, ...(await readVersions(table, versions))];
    } catch (error) {
      damage ??= error;
    }
  }
  throw damage ?? gaps(table);
}
