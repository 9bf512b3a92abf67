import { open } from 'node:fs/promises';
import { OffloadError } from '../errors/offload-error.ts';
import { asLakeError } from '../errors/system-errors.ts';
import type { RowIdSet } from '../lancedb/row-id-set.ts';
import type { RunPlan } from '../plan/run-plan.ts';
import { createFileWith } from './files.ts';
import type { LakePaths } from './paths.ts';

const ID_BYTES = 8;
const IDS_PER_WRITE = 131_072;

type ListedPlan = Pick<RunPlan, 'destination' | 'runId' | 'sourceVersion'>;

const fileOf = (paths: LakePaths, { destination, runId, sourceVersion }: ListedPlan): string =>
  paths.rowIds(destination, runId, sourceVersion);

/** Writes the ids of a run's rows, ascending, unless they are there: pages are ranges of this file. */
export async function createRowIdFile(paths: LakePaths, plan: ListedPlan, ids: RowIdSet): Promise<void> {
  await createFileWith(fileOf(paths, plan), async (temporary) => {
    const handle = await open(temporary, 'wx');
    try {
      for (const slice of ids.slices(IDS_PER_WRITE)) await handle.appendFile(new Uint8Array(slice.buffer));
    } finally {
      await handle.close();
    }
  });
}

/**
 * Reads the ids of a page.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the file is gone or too short.
 */
export async function readRowIds(
  paths: LakePaths,
  plan: ListedPlan,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): Promise<BigUint64Array> {
  const file = fileOf(paths, plan);
  try {
    const handle = await open(file, 'r');
    try {
      const ids = new BigUint64Array(limit);
      const { bytesRead } = await handle.read(ids, { position: offset * ID_BYTES });
      if (bytesRead === limit * ID_BYTES) return ids;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asLakeError(error, 'read', file);
  }
  throw new OffloadError(
    'LAKE_UNAVAILABLE',
    `${file} does not hold the ids of rows ${offset} to ${offset + limit - 1}`,
    {
      path: file,
    },
  );
}
