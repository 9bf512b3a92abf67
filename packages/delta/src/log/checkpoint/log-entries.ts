import { OffloadError } from '@lance-offload/base';
import { getText } from '../../store/claim.ts';
import type { Store } from '../../store/store.ts';
import { parseAction, type Action } from '../delta-actions.ts';
import { entryKey } from './log-files.ts';
import type { LogEntry } from './log-state.ts';

/** Entries read at once. */
const AT_ONCE = 16;

/** The actions of a text with one a line. */
function parseActions(text: string): Action[] {
  return text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [parseAction(JSON.parse(line))]));
}

/** An entry that is gone since it was listed, or has no actions, is no version at which nothing happened: rows would be lost by it. */
function parseEntry(file: string, text: string | undefined): Action[] {
  try {
    const actions = parseActions(text ?? '');
    if (actions.length === 0) throw new Error(text === undefined ? 'it is gone' : 'it is empty');
    return actions;
  } catch (error) {
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `The Delta log entry ${file} cannot be read as one`,
      { path: file },
      { cause: error },
    );
  }
}

/**
 * Reads entries of a log, in the order of the versions.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where one is damaged or gone.
 */
export async function readVersions(table: Store, versions: readonly number[]): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let start = 0; start < versions.length; start += AT_ONCE) {
    const some = versions.slice(start, start + AT_ONCE);
    const texts = await Promise.all(some.map((version) => getText(table, entryKey(version))));
    for (const [index, version] of some.entries())
      entries.push({ version, actions: parseEntry(table.locate(entryKey(version)), texts[index]) });
  }
  return entries;
}

/**
 * The entries of a log from a version back, the newest first, as far as they are there: another tool may have cleaned away
 * older ones, which a checkpoint stands for. Entries are read as they are asked for.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where one is damaged.
 */
export async function* readEntriesBefore(table: Store, newest: number): AsyncGenerator<LogEntry> {
  for (let version = newest; version >= 0; version--) {
    const text = await getText(table, entryKey(version));
    if (text === undefined) return;
    yield { version, actions: parseEntry(table.locate(entryKey(version)), text) };
  }
}
