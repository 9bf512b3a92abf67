import { zstdDecompressSync } from 'node:zlib';
import { decompressFrameSync } from 'lz4-napi';

/** Members of `CompressionType` (Arrow's Message.fbs). */
const LZ4_FRAME = 0;
const ZSTD = 1;
const LENGTH_BYTES = 8;
const NOT_COMPRESSED = -1n;
/** An LZ4 sequence of n bytes yields less than 255 n (LZ4 block format). */
const LZ4_MOST = 255;

/**
 * The plain bytes of a compressed buffer: their length as a 64-bit integer, or -1 for bytes that are plain already,
 * then the bytes (Arrow columnar format, "Compression").
 *
 * @throws Error where they are damaged, or not as many as was announced; never after taking much more memory than that.
 */
export function decompress(bytes: Uint8Array, codec: number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const announced = view.getBigInt64(0, true);
  const packed = Buffer.from(bytes.buffer, bytes.byteOffset + LENGTH_BYTES, bytes.length - LENGTH_BYTES);
  if (announced === NOT_COMPRESSED) return packed;
  if (announced < 0n || announced > 2n ** 32n) throw new RangeError(`a buffer of ${announced} bytes`);
  const length = Number(announced);
  if (length === 0) return new Uint8Array(0);
  const plain = unpack(packed, length, codec);
  if (plain.length !== length) throw new RangeError(`a buffer of ${length} bytes holds ${plain.length}`);
  return plain;
}

function unpack(packed: Buffer, length: number, codec: number): Uint8Array {
  if (codec === ZSTD) return zstdDecompressSync(packed, { maxOutputLength: length });
  if (codec !== LZ4_FRAME) throw new RangeError(`codec ${codec} is unknown`);
  if (length > packed.length * LZ4_MOST)
    throw new RangeError(`${length} bytes out of ${packed.length} of LZ4`);
  return decompressFrameSync(packed);
}
