import { crc32 } from 'node:zlib';
import { RoaringBitmap32 } from 'roaring-wasm';
import { OffloadError } from '@lance-offload/base';
import type { Store } from '../store/store.ts';
import type { DeletionVector } from '../log/delta-actions.ts';
import { decodeZ85, encodeZ85 } from './z85.ts';

// Deletion vectors as delta-io/delta PROTOCOL.md describes them: "Deletion Vector Descriptor Schema", "Deletion Vector
// Format" and "Deletion Vector File Storage Format". Integers of a vector are little-endian, those around it big-endian.

const FILE_VERSION = 1;
const PORTABLE = 1_681_511_377;
const NATIVE = 1_681_511_376;
/** Magic number (int32), number of 32-bit buckets (int64), key of the bucket (int32). */
const HEADER_BYTES = 16;
/** Size (int32) in front of a vector in its file, checksum (int32) behind it. */
const SIZE_BYTES = 4;
const CHECKSUM_BYTES = 4;
/** A UUID's sixteen bytes in Z85. What is in front of them is a folder. */
const UUID_CHARACTERS = 20;

function damaged(source: string, problem: string, cause?: unknown): OffloadError {
  const message = `The deletion vector in ${source} cannot be read: ${problem}`;
  return new OffloadError('LAKE_UNAVAILABLE', message, { path: source }, { cause });
}

/** Work on a bitmap outside JavaScript's heap, which no collector frees. */
function withBitmap<T>(bitmap: RoaringBitmap32, work: (bitmap: RoaringBitmap32) => T): T {
  try {
    return work(bitmap);
  } finally {
    bitmap.dispose();
  }
}

/** Sorting first takes a third of the time that adding values in no order does. */
function ascending(positions: Uint32Array): Uint32Array {
  const isSorted = positions.every(
    (position, index) => index === 0 || (positions[index - 1] ?? 0) <= position,
  );
  return isSorted ? positions : positions.toSorted();
}

function encodeVector(positions: Uint32Array): { data: Buffer; cardinality: number } {
  return withBitmap(new RoaringBitmap32(ascending(positions)), (bitmap) => {
    bitmap.runOptimize();
    const data = Buffer.alloc(HEADER_BYTES + bitmap.getSerializationSizeInBytes('portable'));
    data.writeInt32LE(PORTABLE, 0);
    data.writeBigInt64LE(1n, 4);
    data.writeInt32LE(0, 12);
    data.set(bitmap.serialize('portable'), HEADER_BYTES);
    return { data, cardinality: bitmap.size };
  });
}

const uuidBytes = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');

/** Name of the file of deletion vectors that a UUID stands for, relative to its table's folder. */
export function deletionVectorFile(uuid: string): string {
  return `deletion_vector_${uuid}.bin`;
}

/**
 * The deletion vectors of one commit, as one file and a descriptor for each, in the same order. The same positions and
 * UUID give the same bytes.
 *
 * @param vectors positions of deleted rows, from 0 in file order; in any order, none twice.
 */
export function encodeDeletionVectors(
  vectors: readonly Uint32Array[],
  uuid: string,
): { file: Uint8Array; descriptors: DeletionVector[] } {
  const parts: Uint8Array[] = [Uint8Array.of(FILE_VERSION)];
  const descriptors: DeletionVector[] = [];
  const pathOrInlineDv = encodeZ85(uuidBytes(uuid));
  let offset = 1;
  for (const positions of vectors) {
    const { data, cardinality } = encodeVector(positions);
    const size = Buffer.alloc(SIZE_BYTES);
    size.writeInt32BE(data.byteLength);
    const checksum = Buffer.alloc(CHECKSUM_BYTES);
    checksum.writeUInt32BE(crc32(data));
    parts.push(size, data, checksum);
    descriptors.push({ storageType: 'u', pathOrInlineDv, offset, sizeInBytes: data.byteLength, cardinality });
    offset += SIZE_BYTES + data.byteLength + CHECKSUM_BYTES;
  }
  return { file: Buffer.concat(parts), descriptors };
}

/** The key of the file a vector is in, or `undefined` where it is inline. */
function keyOf(table: Store, { storageType, pathOrInlineDv }: DeletionVector): string | undefined {
  if (storageType === 'i') return undefined;
  if (storageType === 'p') {
    // The form of `add.path`: a URI, which may go without its scheme.
    const key = table.keyOf(pathOrInlineDv.startsWith('/') ? `file://${pathOrInlineDv}` : pathOrInlineDv);
    if (key === undefined) throw damaged(pathOrInlineDv, 'it is not in the folder of its table');
    return key;
  }
  const folder = pathOrInlineDv.slice(0, -UUID_CHARACTERS);
  const uuid = decodeZ85(pathOrInlineDv.slice(-UUID_CHARACTERS));
  if (uuid?.byteLength !== 16 || !/^[\w-]*$/.test(folder))
    throw damaged(table.locate(''), `"${pathOrInlineDv}" names no file`);
  const name = Buffer.from(uuid)
    .toString('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return `${folder === '' ? '' : `${folder}/`}${deletionVectorFile(name)}`;
}

/** Bytes of a file, all of them. */
async function readBytes(table: Store, key: string, offset: number, length: number): Promise<Buffer> {
  const bytes = await table.getRange(key, { offset, length });
  if (!bytes) throw damaged(table.locate(key), 'the file is gone');
  if (bytes.byteLength < length) throw damaged(table.locate(key), 'the file ends before it does');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A vector's bytes from its file, once their size and checksum are those the file names. */
async function readData(
  table: Store,
  key: string,
  { offset = 0, sizeInBytes }: DeletionVector,
): Promise<Buffer> {
  const source = table.locate(key);
  const end = SIZE_BYTES + sizeInBytes;
  const [version] = await readBytes(table, key, 0, 1);
  if (version !== FILE_VERSION) throw damaged(source, `the file's format is ${version}, not ${FILE_VERSION}`);
  const bytes = await readBytes(table, key, offset, end + CHECKSUM_BYTES);
  const size = bytes.readInt32BE(0);
  if (size !== sizeInBytes) throw damaged(source, `the file says ${size} bytes, the log ${sizeInBytes}`);
  const data = bytes.subarray(SIZE_BYTES, end);
  if (crc32(data) !== bytes.readUInt32BE(end)) throw damaged(source, 'its checksum does not match');
  return data;
}

function inlineData(source: string, { pathOrInlineDv, sizeInBytes }: DeletionVector): Buffer {
  const bytes = decodeZ85(pathOrInlineDv);
  if (!bytes || bytes.byteLength < sizeInBytes) throw damaged(source, 'it is not Z85 text of its size');
  return Buffer.from(bytes.buffer, 0, sizeInBytes);
}

function decodeVector(source: string, data: Buffer, cardinality: number): Uint32Array {
  if (data.byteLength < HEADER_BYTES - 4) throw damaged(source, 'it is too short');
  const magic = data.readInt32LE(0);
  if (magic === NATIVE)
    throw damaged(source, 'it is in the "native" format, which only its own writer can read');
  if (magic !== PORTABLE) throw damaged(source, `its format ${magic} is unknown`);
  const buckets = data.readBigInt64LE(4);
  if (buckets === 0n && cardinality === 0) return new Uint32Array();
  if (buckets < 1n || data.byteLength < HEADER_BYTES) throw damaged(source, 'it has no bitmap');
  if (buckets > 1n || data.readInt32LE(12) !== 0)
    throw damaged(source, 'it marks rows beyond the first 4,294,967,296, which no file of this lake has');
  let bitmap: RoaringBitmap32;
  try {
    bitmap = RoaringBitmap32.deserialize('portable', data.subarray(HEADER_BYTES));
  } catch (error) {
    throw damaged(source, 'it is not a Roaring bitmap', error);
  }
  return withBitmap(bitmap, ({ size }) => {
    if (size !== cardinality) throw damaged(source, `it marks ${size} rows, the log says ${cardinality}`);
    return bitmap.toUint32Array();
  });
}

/**
 * Positions of the deleted rows of a data file, ascending from 0, in the order of the file's rows.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`, naming the file, where it is missing, damaged, not what the log says, or of a
 *   format that cannot be read.
 */
export async function readDeletionVector(table: Store, vector: DeletionVector): Promise<Uint32Array> {
  const key = keyOf(table, vector);
  if (key === undefined) {
    const inline = `the log of ${table.locate('')}`;
    return decodeVector(inline, inlineData(inline, vector), vector.cardinality);
  }
  return decodeVector(table.locate(key), await readData(table, key, vector), vector.cardinality);
}

/** The key of the file a vector is in, relative to its table; `undefined` where it is inline, or in another folder. */
export function deletionVectorKey(table: Store, vector: DeletionVector): string | undefined {
  try {
    return keyOf(table, vector);
  } catch {
    return undefined; // whoever reads the vector reports what is wrong with it
  }
}
