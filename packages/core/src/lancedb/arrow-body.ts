import { zstdDecompressSync } from 'node:zlib';
import * as arrow from 'apache-arrow';
import { decompressFrameSync } from 'lz4-napi';
import { OffloadError } from '../errors/offload-error.ts';

// Arrow's two body codecs (Arrow columnar format, "Compression"): LZ4 in its frame format, and Zstandard.
arrow.compressionRegistry.set(arrow.CompressionType.LZ4_FRAME, {
  decode: (data) => decompressFrameSync(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
});
arrow.compressionRegistry.set(arrow.CompressionType.ZSTD, { decode: (data) => zstdDecompressSync(data) });

const FILE_MAGIC = 'ARROW1';
const CONTINUATION = 0xffff_ffff;

function isArrow(body: Uint8Array): boolean {
  if (body.byteLength < 8) return false;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return (
    bytes.toString('latin1', 0, FILE_MAGIC.length) === FILE_MAGIC || bytes.readUInt32LE(0) === CONTINUATION
  );
}

function firstWords(body: Uint8Array): string {
  if (body.byteLength === 0) return 'an empty body';
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 120)).toString('utf8');
  return `${body.byteLength} bytes that begin ${JSON.stringify(text)}`;
}

/**
 * Decodes a query's answer: Arrow IPC in either framing (FILE or STREAM), plain or with LZ4 or ZSTD bodies.
 *
 * @throws OffloadError `SOURCE_BAD_BODY` for anything else, with its first words.
 */
export function decodeArrowBody(body: Uint8Array): { schema: arrow.Schema; batches: arrow.RecordBatch[] } {
  if (!isArrow(body))
    throw new OffloadError('SOURCE_BAD_BODY', `Expected Arrow IPC, got ${firstWords(body)}`);
  try {
    const { schema, batches } = arrow.tableFromIPC(body);
    return { schema, batches: batches.filter((batch) => batch.numRows > 0) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new OffloadError(
      'SOURCE_BAD_BODY',
      `The Arrow body of ${body.byteLength} bytes cannot be decoded: ${reason}`,
      {},
      { cause: error },
    );
  }
}
