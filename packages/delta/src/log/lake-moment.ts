import { OffloadError } from '@lance-offload/base';
import type { Store } from '../store/store.ts';
import { readLog, readSnapshot, versionAt, type LogEntry, type Snapshot } from './delta-log.ts';

/** Which version of each table to read: one number for all, the last one at a time, or some by name and the latest else. */
export type LakeMoment =
  | { readonly version: number }
  | { readonly timestampMs: number }
  | { readonly versions: ReadonlyMap<string, number> };

const instant = (ms: number): string => new Date(ms).toISOString();

function committedAt({ version, actions }: LogEntry): string {
  const timestamp = actions.find(({ commitInfo }) => commitInfo?.timestamp !== undefined)?.commitInfo
    ?.timestamp;
  return timestamp === undefined ? String(version) : `${version} (${instant(timestamp)})`;
}

/** `0 (2026-11-22T10:15:00.000Z) to 4 (…)`. */
function spanOf(entries: readonly LogEntry[]): string {
  const ends = [entries[0], entries.at(-1)].flatMap((entry) => (entry ? [committedAt(entry)] : []));
  return [...new Set(ends)].join(' to ');
}

/** The version that is asked for, or the latest; `null` where there was none at that time. */
async function versionOf(table: string, place: Store, at: LakeMoment): Promise<number | null | undefined> {
  if ('version' in at) return at.version;
  if ('versions' in at) return at.versions.get(table);
  return (await versionAt(place, at.timestampMs)) ?? null;
}

/**
 * A table as it was at a moment; `undefined` where it has no log.
 *
 * @throws OffloadError `LAKE_NOT_FOUND`, naming the versions there are, where the table had none then, or the entries of that version are gone;
 *   `LAKE_UNAVAILABLE`; `LAKE_TOO_NEW`.
 */
export async function snapshotAt(table: string, place: Store, at: LakeMoment): Promise<Snapshot | undefined> {
  const asked = await versionOf(table, place, at);
  const snapshot = asked === null ? undefined : await readSnapshot(place, asked);
  if (snapshot || asked === undefined) return snapshot;
  const log = await readLog(place);
  if (log.length === 0) return undefined;
  const what = 'timestampMs' in at ? `nothing as of ${instant(at.timestampMs)}` : `no version ${asked}`;
  throw new OffloadError('LAKE_NOT_FOUND', `Table "${table}" has ${what}; its versions are ${spanOf(log)}`, {
    table,
  });
}
