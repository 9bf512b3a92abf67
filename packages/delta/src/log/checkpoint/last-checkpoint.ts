import { z } from 'zod';
import { getText } from '../../store/claim.ts';
import type { Store } from '../../store/store.ts';
import { LOG } from './log-files.ts';

const KEY = `${LOG}_last_checkpoint`;

const hintSchema = z.object({ version: z.int().nonnegative() });

/** What `_last_checkpoint` says of a checkpoint (PROTOCOL.md, "Last Checkpoint File Schema"). */
export interface LastCheckpoint {
  readonly version: number;
  /** Actions in it. */
  readonly size: number;
  readonly sizeInBytes: number;
  readonly numOfAddFiles: number;
}

/**
 * The version of a late checkpoint, which is a hint: it may be absent, old or damaged, and says nothing that a listing does
 * not say for sure.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the store does not answer.
 */
export async function readHint(table: Store): Promise<number | undefined> {
  const text = await getText(table, KEY);
  if (text === undefined) return undefined;
  try {
    return hintSchema.parse(JSON.parse(text)).version;
  } catch {
    return undefined; // half a hint is none
  }
}

/** Leads readers to a checkpoint, unless they are led to a newer one. */
export async function writeHint(table: Store, hint: LastCheckpoint): Promise<void> {
  const standing = await readHint(table);
  if (standing === undefined || standing < hint.version) await table.put(KEY, JSON.stringify(hint));
}
