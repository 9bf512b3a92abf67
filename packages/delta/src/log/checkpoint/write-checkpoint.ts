import { ByteWriter, parquetWrite } from 'hyparquet-writer';
import type { Store } from '../../store/store.ts';
import { unsupportedFeatures } from '../delta-actions.ts';
import { CHECKPOINT_COLUMNS, CHECKPOINT_SCHEMA, checkpointValue } from './checkpoint-schema.ts';
import { writeHint } from './last-checkpoint.ts';
import { checkpointKey } from './log-files.ts';
import { actionsOf, type LogState } from './log-state.ts';
import { readState } from './read-state.ts';
import { checkpointInterval, withoutDone, withoutExpired, type IsDone } from './retention.ts';

/** Rows of a row group. */
const GROUP_ROWS = 100_000;

/** A state as a checkpoint of the V1 spec. */
export function encodeCheckpoint(state: LogState): Uint8Array {
  const actions = actionsOf(state);
  const writer = new ByteWriter();
  void parquetWrite({
    writer,
    schema: CHECKPOINT_SCHEMA,
    columnData: CHECKPOINT_COLUMNS.map((name) => ({
      name,
      data: actions.map((action) => checkpointValue(name, action[name])),
    })),
    rowGroupSize: GROUP_ROWS,
    statistics: false, // of what readers filter by there is none
  }); // nothing to wait for: it writes to memory
  return writer.getBytes();
}

/**
 * Writes the checkpoint of a state, unless there is one, and leads readers to it. "Writers are always allowed to create a classic checkpoint
 * following V1 spec" (PROTOCOL.md, "Checkpoints"), also where `delta.checkpointPolicy` is `v2`. Two writers at once make the same of a
 * version, or one with a tombstone more that has just expired: either will do.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
async function writeCheckpoint(
  table: Store,
  state: LogState,
  { nowMs, isDone }: { readonly nowMs: number; readonly isDone: IsDone },
): Promise<void> {
  const kept = await withoutDone(withoutExpired(state, nowMs), isDone, nowMs);
  const bytes = encodeCheckpoint(kept);
  if (!(await table.putIfAbsent(checkpointKey(state.version), bytes))) return;
  await writeHint(table, {
    version: state.version,
    size: actionsOf(kept).length,
    sizeInBytes: bytes.byteLength,
    numOfAddFiles: kept.files.size,
  });
}

/**
 * Writes a checkpoint of a table's latest version where the last one is a good many versions ago. A table that this release does not know
 * all of is left to those who do.
 *
 * @param isDone says which old transactions need not be in it.
 * @returns whether there was one to write.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function checkpointIfDue(
  table: Store,
  nowMs = Date.now(),
  isDone: IsDone = async () => false,
): Promise<boolean> {
  const read = await readState(table);
  if (!read) return false;
  const { state, checkpoint = 0 } = read;
  if (state.version - checkpoint < checkpointInterval(state.metaData)) return false;
  if (!state.protocol || unsupportedFeatures(state.protocol).length > 0) return false;
  await writeCheckpoint(table, state, { nowMs, isDone });
  return true;
}
