import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import {
  deletionVectorFile,
  encodeDeletionVectors,
  readDeletionVector,
  type Store,
  type Snapshot,
} from '@lance-offload/delta';
import type { FileVector } from './commit-actions.ts';
import type { Merge } from '../merge/merge.ts';
import { vectorNote } from '../lake/paths.ts';
import type { Receipt } from '../stage/receipt.ts';
import { createData } from '../stage/staging.ts';

const recordsSchema = z.object({ numRecords: z.int() });

interface FilePositions {
  readonly path: string;
  readonly positions: Uint32Array;
}

/** Rows of each data file a merge can touch, deleted ones included: those of the lake, and the run's own pages. */
function rowsByFile(receipts: readonly Receipt[], snapshot: Snapshot | undefined): Map<string, number> {
  const lake = (snapshot?.files ?? []).map(
    (file) => [file.path, recordsSchema.parse(JSON.parse(file.stats ?? '')).numRecords] as const,
  );
  const pages = receipts.flatMap((receipt) => receipt.files.map((file) => [file.path, file.rows] as const));
  return new Map([...lake, ...pages]);
}

/** A run that is merged. */
interface VectorSource {
  readonly runId: string;
  readonly receipts: readonly Receipt[];
  readonly merge: Merge;
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
  { runId, receipts, merge }: VectorSource,
  snapshot: Snapshot | undefined,
  table: Store,
): Promise<Map<string, FileVector>> {
  const rows = rowsByFile(receipts, snapshot);
  const before = new Map((snapshot?.files ?? []).map((file) => [file.path, file.deletionVector]));
  const vectors = new Map<string, FileVector>();
  const found: FilePositions[] = [];
  for (const [file, removed] of merge.deleted) {
    const vector = before.get(file);
    const positions = vector ? joined(await readDeletionVector(table, vector), removed) : removed;
    if (positions.length === rows.get(file)) vectors.set(file, 'all');
    else found.push({ path: file, positions });
  }
  if (found.length === 0) return vectors;
  const partial = found.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const uuid = randomUUID();
  const { file, descriptors } = encodeDeletionVectors(
    partial.map(({ positions }) => positions),
    uuid,
  );
  const name = deletionVectorFile(uuid);
  await createData(table, vectorNote(runId, name), '\n'); // before the file, which nothing else tells to be this run's
  await createData(table, name, file);
  for (const [index, { path: data }] of partial.entries()) {
    const descriptor = descriptors[index];
    if (descriptor) vectors.set(data, descriptor);
  }
  return vectors;
}
