import type { Store } from '../store/store.ts';
import { readHint } from './checkpoint/last-checkpoint.ts';
import { readEntriesBefore } from './checkpoint/log-entries.ts';
import { listLog } from './checkpoint/log-files.ts';
import type { MetaData } from './delta-actions.ts';
import { readSnapshot, refuseNewer } from './delta-log.ts';

/** Entries that are read in search of the metadata: each commit of ours has it, and other tools make a few between two of them. */
const ENTRIES = 10;

/** A table's latest version, and its schema and configuration then. */
export interface LatestMetaData {
  readonly version: number;
  readonly metaData: MetaData;
}

/** What the last entries of the log say; `undefined` where they say nothing. */
async function readLastEntries(table: Store): Promise<LatestMetaData | undefined> {
  const { entries } = await listLog(table, await readHint(table));
  const version = Math.max(-1, ...entries.keys());
  let left = ENTRIES;
  for await (const { actions } of readEntriesBefore(table, version)) {
    const metaData = actions.find((action) => action.metaData)?.metaData;
    const protocol = actions.find((action) => action.protocol)?.protocol;
    if (protocol) return undefined; // whoever changed it may have changed more than this knows
    if (metaData) return { version, metaData };
    left -= 1;
    if (left === 0) return undefined;
  }
  return undefined;
}

/**
 * What a table says of itself at its latest version: of all the files that it has, nothing is read. `undefined` where there is no
 * table.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`; `LAKE_TOO_NEW` where the table needs a later release, as far as its last commit tells.
 */
export async function readLatestMetaData(table: Store): Promise<LatestMetaData | undefined> {
  const last = await readLastEntries(table);
  if (!last) return readSnapshot(table);
  refuseNewer(table, { minReaderVersion: 1, minWriterVersion: 2 }, last.metaData);
  return last;
}
