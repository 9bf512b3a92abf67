import { OffloadError } from '@lance-offload/base';
import { entriesUpTo, versionAt, type LogEntry } from './delta-log.ts';

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

/**
 * The part of a table's log that makes up its version at a moment.
 *
 * @throws OffloadError `LAKE_NOT_FOUND`, naming the versions there are, where the table had none then.
 */
export function entriesAt(table: string, entries: readonly LogEntry[], at: LakeMoment): readonly LogEntry[] {
  const asked =
    'version' in at
      ? at.version
      : 'versions' in at
        ? at.versions.get(table)
        : versionAt(entries, at.timestampMs);
  if (asked === undefined && 'versions' in at) return entries;
  const found = asked === undefined ? [] : entriesUpTo(entries, asked);
  if (found.length > 0) return found;
  const what = 'timestampMs' in at ? `nothing as of ${instant(at.timestampMs)}` : `no version ${asked}`;
  throw new OffloadError(
    'LAKE_NOT_FOUND',
    `Table "${table}" has ${what}; its versions are ${spanOf(entries)}`,
    { table },
  );
}
