import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** How a Roaring bitmap keeps the positions of one block of 65,536. */
type Container = 'array' | 'bitmap' | 'run';

/** Containers of every deletion vector in one file. */
export interface VectorFile {
  readonly file: string;
  readonly vectors: readonly (readonly Container[])[];
}

/** Without run containers; with them, in the lower half of the word. (RoaringFormatSpec, "Cookie header") */
const PLAIN_COOKIE = 12_346;
const RUN_COOKIE = 12_347;
const MOST_IN_ARRAY = 4096;
/** The magic number, the number of bitmaps, the key of the only one. (Delta PROTOCOL.md, "Deletion Vector Format") */
const BITMAP_START = 4 + 8 + 4;

/** Which containers a bitmap in the portable format has: only its header is read. */
function containersOf(bitmap: Buffer): Container[] {
  const cookie = bitmap.readUInt32LE(0);
  const hasRuns = (cookie & 0xffff) === RUN_COOKIE;
  if (!hasRuns && cookie !== PLAIN_COOKIE)
    throw new TypeError(`a Roaring bitmap does not begin with ${cookie}`);
  const count = hasRuns ? (cookie >>> 16) + 1 : bitmap.readUInt32LE(4);
  const keys = hasRuns ? 4 + Math.ceil(count / 8) : 8;
  return Array.from({ length: count }, (_, index) => {
    const isRun = hasRuns && ((bitmap[4 + (index >> 3)] ?? 0) & (1 << (index & 7))) !== 0;
    const cardinality = bitmap.readUInt16LE(keys + index * 4 + 2) + 1;
    return isRun ? 'run' : cardinality > MOST_IN_ARRAY ? 'bitmap' : 'array';
  });
}

/** The deletion vectors that lie beside a Delta table's log. */
export async function readVectorFiles(table: string): Promise<VectorFile[]> {
  const files = (await readdir(table)).filter((name) => /^deletion_vector_.*\.bin$/.test(name));
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(path.join(table, file));
      const vectors: Container[][] = [];
      // A version byte, then for each vector its size, its data and a checksum.
      for (let at = 1; at < bytes.length; at += 4 + bytes.readInt32BE(at) + 4) {
        vectors.push(containersOf(bytes.subarray(at + 4 + BITMAP_START)));
      }
      return { file, vectors };
    }),
  );
}
