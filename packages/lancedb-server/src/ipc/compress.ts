import { zstdCompressSync } from 'node:zlib';
import { Builder, ByteBuffer } from 'flatbuffers';
import { compressFrameSync } from 'lz4-napi';
import {
  BodyCompression,
  BodyCompressionMethod,
  BufferRegion,
  CompressionType,
  DictionaryBatch,
  FieldNode,
  Message,
  MessageHeader,
  RecordBatchHeader,
} from '../arrow.ts';

export type Compression = 'lz4' | 'zstd';

const CODECS = {
  lz4: { type: CompressionType.LZ4_FRAME, encode: compressFrameSync },
  zstd: { type: CompressionType.ZSTD, encode: zstdCompressSync },
} as const satisfies Record<Compression, { type: CompressionType; encode: (bytes: Buffer) => Buffer }>;

/** Marks a buffer that compression would have made larger: it follows as it is. */
const STORED = -1n;

/**
 * The same batch with each buffer of its body compressed by itself, behind its uncompressed length (int64).
 * Written out here because apache-arrow 18 cannot write such batches, and 21.2 puts the compressed length in that place.
 * @see https://arrow.apache.org/docs/format/Columnar.html#compression
 */
export function compressMessage(message: Uint8Array, compression: Compression): Uint8Array {
  const metadataBytes = new DataView(message.buffer, message.byteOffset).getInt32(4, true);
  const old = Message.getRootAsMessage(new ByteBuffer(message.subarray(8, 8 + metadataBytes)));
  const { batch: oldBatch, dictionary: oldDictionary } = headersOf(old);
  const body = compressBody(oldBatch, message.subarray(8 + metadataBytes), compression);
  const builder = new Builder(1024);
  let header = writeBatch(builder, oldBatch, body.regions, CODECS[compression].type);
  if (oldDictionary) {
    DictionaryBatch.startDictionaryBatch(builder);
    DictionaryBatch.addId(builder, oldDictionary.id());
    DictionaryBatch.addData(builder, header);
    DictionaryBatch.addIsDelta(builder, oldDictionary.isDelta());
    header = DictionaryBatch.endDictionaryBatch(builder);
  }
  Message.finishMessageBuffer(
    builder,
    Message.createMessage(builder, old.version(), old.headerType(), header, BigInt(body.bytes.length), 0),
  );
  return encapsulate(builder.asUint8Array(), body.bytes);
}

/** A record batch by itself, or the one inside a dictionary batch. */
function headersOf(message: Message): { batch: RecordBatchHeader; dictionary: DictionaryBatch | null } {
  const batch = new RecordBatchHeader();
  if (message.headerType() !== MessageHeader.DictionaryBatch) {
    message.header(batch);
    return { batch, dictionary: null };
  }
  const dictionary = new DictionaryBatch();
  message.header(dictionary);
  dictionary.data(batch);
  return { batch, dictionary };
}

interface Region {
  offset: number;
  length: number;
}

function compressBody(
  batch: RecordBatchHeader,
  body: Uint8Array,
  compression: Compression,
): { bytes: Uint8Array; regions: Region[] } {
  const regions: Region[] = [];
  const pieces: Uint8Array[] = [];
  let offset = 0;
  for (let index = 0; index < batch.buffersLength(); index++) {
    const region = batch.buffers(index);
    const start = Number(region?.offset() ?? 0n);
    const length = Number(region?.length() ?? 0n);
    const piece =
      length === 0 ? Buffer.alloc(0) : compressBuffer(body.subarray(start, start + length), compression);
    const padding = -piece.length & 7;
    regions.push({ offset, length: piece.length });
    pieces.push(piece, Buffer.alloc(padding));
    offset += piece.length + padding;
  }
  return { bytes: Buffer.concat(pieces), regions };
}

function compressBuffer(bytes: Uint8Array, compression: Compression): Buffer {
  const plain = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const packed = CODECS[compression].encode(plain);
  const prefix = Buffer.alloc(8);
  const worthIt = packed.length < plain.length;
  prefix.writeBigInt64LE(worthIt ? BigInt(plain.length) : STORED);
  return Buffer.concat([prefix, worthIt ? packed : plain]);
}

/** Flatbuffers are written back to front: a vector's last element goes in first. */
function writeBatch(
  builder: Builder,
  old: RecordBatchHeader,
  regions: Region[],
  type: CompressionType,
): number {
  RecordBatchHeader.startBuffersVector(builder, regions.length);
  for (const region of regions.toReversed()) {
    BufferRegion.createBuffer(builder, BigInt(region.offset), BigInt(region.length));
  }
  const buffers = builder.endVector();
  RecordBatchHeader.startNodesVector(builder, old.nodesLength());
  for (let index = old.nodesLength() - 1; index >= 0; index--) {
    const node = old.nodes(index);
    FieldNode.createFieldNode(builder, node?.length() ?? 0n, node?.nullCount() ?? 0n);
  }
  const nodes = builder.endVector();
  const compression = BodyCompression.createBodyCompression(builder, type, BodyCompressionMethod.BUFFER);
  RecordBatchHeader.startRecordBatch(builder);
  RecordBatchHeader.addLength(builder, old.length());
  RecordBatchHeader.addNodes(builder, nodes);
  RecordBatchHeader.addBuffers(builder, buffers);
  RecordBatchHeader.addCompression(builder, compression);
  return RecordBatchHeader.endRecordBatch(builder);
}

function encapsulate(metadata: Uint8Array, body: Uint8Array): Uint8Array {
  const padding = -metadata.length & 7;
  const prefix = Buffer.alloc(8);
  prefix.writeInt32LE(-1, 0);
  prefix.writeInt32LE(metadata.length + padding, 4);
  return Buffer.concat([prefix, metadata, Buffer.alloc(padding), body]);
}
