import { OffloadError } from '@lance-offload/base';
import type { RowIdSet } from '@lance-offload/lancedb';
import type { RunPlan } from '../plan/run-plan.ts';
import { newAttemptId } from '../lake/paths.ts';
import { createData, type RunKey, type Staging } from './staging.ts';

const ID_BYTES = 8;
const IDS_PER_WRITE = 131_072;

/** Before plans named the file, it was the only one of its version. */
const nameOf = ({ rowIdFile, sourceVersion }: Pick<RunPlan, 'rowIdFile' | 'sourceVersion'>): string =>
  rowIdFile ?? `row-ids-${sourceVersion}.bin`;

async function* bytesOf(ids: RowIdSet): AsyncGenerator<Uint8Array> {
  for (const slice of ids.slices(IDS_PER_WRITE)) yield new Uint8Array(slice.buffer);
}

/**
 * Writes the ids of a run's rows, ascending: pages are ranges of this file.
 *
 * @returns its name, which the plan keeps.
 */
export async function createRowIdFile(
  { store, keys }: Staging,
  { destination, runId }: RunKey,
  ids: RowIdSet,
): Promise<string> {
  const name = `row-ids.${newAttemptId()}.bin`;
  await createData(store, keys.rowIds(destination, runId, name), bytesOf(ids));
  return name;
}

/**
 * Reads the ids of a page.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the file is gone or too short.
 */
export async function readRowIds(
  { store, keys }: Staging,
  plan: RunKey & Pick<RunPlan, 'rowIdFile' | 'sourceVersion'>,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<BigUint64Array> {
  const key = keys.rowIds(plan.destination, plan.runId, nameOf(plan));
  const bytes = await store.getRange(key, { offset: offset * ID_BYTES, length: limit * ID_BYTES });
  if (bytes?.byteLength === limit * ID_BYTES) return new BigUint64Array(bytes.slice().buffer);
  const file = store.locate(key);
  throw new OffloadError(
    'LAKE_UNAVAILABLE',
    bytes ? `${file} does not hold the ids of rows ${offset} to ${offset + limit - 1}` : `${file} is gone`,
    { path: file },
  );
}
