import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects, parquetSchema, type Compressors } from 'hyparquet';
import { uncompressSync } from 'lz4-napi';

/** lz4-napi wants the size of what comes out in front. */
function decompressBlock(block: Uint8Array, size: number): Uint8Array {
  const prefixed = Buffer.alloc(4 + block.byteLength);
  prefixed.writeUInt32LE(size);
  prefixed.set(block, 4);
  return uncompressSync(prefixed);
}

/** What hyparquet does not bring itself, of the codecs that `delta.parquet.compression.codec` can name. */
const COMPRESSORS: Compressors = {
  GZIP: (block) => gunzipSync(block),
  BROTLI: (block) => brotliDecompressSync(block),
  ZSTD: (block) => zstdDecompressSync(block),
  LZ4_RAW: decompressBlock,
};

/** Integers of 64 bits come as BigInt: the log's, which JSON writes as numbers too, are far from where those end. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
}

/**
 * The rows of a Parquet file whose rows have a value in one column each, as JSON would have them, one column after the other: structs and maps as objects, lists as arrays, integers as numbers.
 *
 * @param wanted the top-level columns to read, of those that are there.
 * @throws Error where the file is none, or is damaged.
 */
export async function readParquetRows(
  file: Uint8Array<ArrayBuffer>,
  wanted: readonly string[],
): Promise<unknown[]> {
  const buffer = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
  const metadata = parquetMetadata(buffer);
  const there = new Set(parquetSchema(metadata).children.map(({ element }) => element.name));
  const columns = wanted.filter((name) => there.has(name));
  if (columns.length === 0) throw new Error('it has none of the columns of a checkpoint');
  const rows: unknown[] = [];
  // A row has a value in one column. Read one by one, the others take no memory.
  for (const name of columns) {
    const read = { file: buffer, metadata, columns: [name], compressors: COMPRESSORS };
    for (const { [name]: value } of await parquetReadObjects(read))
      if (value !== null && value !== undefined) rows.push({ [name]: plain(value) });
  }
  return rows;
}
