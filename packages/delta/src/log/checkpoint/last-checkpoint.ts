import { z } from 'zod';
import { getText } from '../../store/claim.ts';
import type { Store } from '../../store/store.ts';
import { listLog, LOG } from './log-files.ts';

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

async function hasCheckpoint(table: Store, version: number): Promise<boolean> {
  const { checkpoints } = await listLog(table, version);
  return checkpoints.some((checkpoint) => checkpoint.version === version);
}

/**
 * Leads readers to a checkpoint, unless they are led to a newer one. One that is not there leads nowhere: other readers, which list no more
 * than what follows it, would not find the table.
 */
export async function writeHint(table: Store, hint: LastCheckpoint): Promise<void> {
  const standing = await readHint(table);
  const isLate = standing !== undefined && standing >= hint.version && (await hasCheckpoint(table, standing));
  if (!isLate) await table.put(KEY, JSON.stringify(hint));
}
