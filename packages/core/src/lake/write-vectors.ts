import { createHash } from 'node:crypto';
import path from 'node:path';
import { z } from 'zod';
import type { RunPlan } from '../plan/run-plan.ts';
import type { FileVector } from './commit-actions.ts';
import { deletionVectorFile, encodeDeletionVectors, readDeletionVector } from './deletion-vector.ts';
import type { Snapshot } from './delta-log.ts';
import { createFileAtomic } from './files.ts';
import type { Merge } from './merge/merge.ts';
import type { Receipt } from './receipt.ts';

const recordsSchema = z.object({ numRecords: z.int() });

interface FilePositions {
  readonly path: string;
  readonly positions: Uint32Array;
}

/**
 * A UUID that is a function of what the file says. An attempt that is made again takes the file of the one before, but
 * not where pages were lost and staged anew in between, and their rows are in another order now.
 */
function vectorsUuid(runId: string, vectors: readonly FilePositions[]): string {
  const hash = createHash('sha256').update(runId);
  for (const { path: file, positions } of vectors)
    hash
      .update(`\n${file} ${positions.length}\n`)
      .update(new Uint8Array(positions.buffer, positions.byteOffset, positions.byteLength));
  const hex = hash.digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}

/** Rows of each data file a merge can touch, deleted ones included: those of the lake, and the run's own pages. */
function rowsByFile(receipts: readonly Receipt[], snapshot: Snapshot | undefined): Map<string, number> {
  const lake = (snapshot?.files ?? []).map(
    (file) => [file.path, recordsSchema.parse(JSON.parse(file.stats ?? '')).numRecords] as const,
  );
  const pages = receipts.flatMap((receipt) => receipt.files.map((file) => [file.path, file.rows] as const));
  return new Map([...lake, ...pages]);
}

/** Two lists of positions without one in common, as one. */
function joined(a: Uint32Array, b: Uint32Array): Uint32Array {
  const all = new Uint32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all.toSorted();
}

/**
 * Writes the deletion vectors of a merge, all in one file, each with what its data file had lost before.
 *
 * @returns the vector of each data file that loses rows, by path; `all` where it loses its last ones.
 */
export async function writeVectors(
  {
    plan,
    receipts,
    merge,
  }: { readonly plan: RunPlan; readonly receipts: readonly Receipt[]; readonly merge: Merge },
  snapshot: Snapshot | undefined,
  folder: string,
): Promise<Map<string, FileVector>> {
  const rows = rowsByFile(receipts, snapshot);
  const before = new Map((snapshot?.files ?? []).map((file) => [file.path, file.deletionVector]));
  const vectors = new Map<string, FileVector>();
  const found: FilePositions[] = [];
  for (const [file, removed] of merge.deleted) {
    const vector = before.get(file);
    const positions = vector ? joined(await readDeletionVector(folder, vector), removed) : removed;
    if (positions.length === rows.get(file)) vectors.set(file, 'all');
    else found.push({ path: file, positions });
  }
  if (found.length === 0) return vectors;
  const partial = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const uuid = vectorsUuid(plan.runId, partial);
  const { file, descriptors } = encodeDeletionVectors(
    partial.map(({ positions }) => positions),
    uuid,
  );
  await createFileAtomic(path.join(folder, deletionVectorFile(uuid)), file);
  for (const [index, { path: data }] of partial.entries()) {
    const descriptor = descriptors[index];
    if (descriptor) vectors.set(data, descriptor);
  }
  return vectors;
}
