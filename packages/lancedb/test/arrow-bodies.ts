import { zstdCompressSync } from 'node:zlib';
import * as arrow from 'apache-arrow';
import { compressFrameSync } from 'lz4-napi';
import type { LanceField, LanceType } from '../src/lance-type.ts';

export type Framing = 'file' | 'stream';
export type Codec = 'lz4' | 'zstd';

/** Columns of one record batch by name. */
export type Columns = Readonly<Record<string, arrow.Data>>;

export function column(name: string, type: string | LanceType, nullable = true): LanceField {
  return { name, nullable, type: typeof type === 'string' ? { type } : type };
}

export function bitmapOf(valid: readonly boolean[]): Uint8Array {
  const bitmap = new Uint8Array(Math.ceil(valid.length / 8));
  for (const [index, bit] of valid.entries())
    if (bit) bitmap[index >> 3] = (bitmap[index >> 3] ?? 0) | (1 << (index & 7));
  return bitmap;
}

/** `nullCount` and bitmap of rows of which some are null. */
export function nulls(valid: readonly boolean[]): {
  length: number;
  nullCount: number;
  nullBitmap: Uint8Array;
} {
  return { length: valid.length, nullCount: valid.filter((bit) => !bit).length, nullBitmap: bitmapOf(valid) };
}

export function utf8(values: readonly (string | null)[]): arrow.Data<arrow.Utf8> {
  const encoded = values.map((value) => Buffer.from(value ?? ''));
  const valueOffsets = Int32Array.from([
    0,
    ...encoded.map((_, index) => Buffer.concat(encoded.slice(0, index + 1)).length),
  ]);
  return arrow.makeData({
    type: new arrow.Utf8(),
    ...nulls(values.map((value) => value !== null)),
    valueOffsets,
    data: Buffer.concat(encoded),
  });
}

export function int64(values: readonly (bigint | null)[]): arrow.Data<arrow.Int64> {
  const data = BigInt64Array.from(values, (value) => value ?? 0n);
  return arrow.makeData({ type: new arrow.Int64(), ...nulls(values.map((value) => value !== null)), data });
}

export function int32(values: readonly (number | null)[]): arrow.Data<arrow.Int32> {
  const data = Int32Array.from(values, (value) => value ?? 0);
  return arrow.makeData({ type: new arrow.Int32(), ...nulls(values.map((value) => value !== null)), data });
}

export function float32(values: readonly (number | null)[]): arrow.Data<arrow.Float32> {
  const data = Float32Array.from(values, (value) => value ?? 0);
  return arrow.makeData({ type: new arrow.Float32(), ...nulls(values.map((value) => value !== null)), data });
}

export function float64(values: readonly (number | null)[]): arrow.Data<arrow.Float64> {
  const data = Float64Array.from(values, (value) => value ?? 0);
  return arrow.makeData({ type: new arrow.Float64(), ...nulls(values.map((value) => value !== null)), data });
}

export function rowIds(from: number, count: number): arrow.Data<arrow.Uint64> {
  const data = BigUint64Array.from({ length: count }, (_, index) => BigInt(from + index));
  return arrow.makeData({ type: new arrow.Uint64(), length: count, nullCount: 0, data });
}

export function tableOf(batches: readonly Columns[]): arrow.Table {
  const [first] = batches;
  if (!first) throw new Error('a table has at least one batch, if an empty one');
  const fields = Object.entries(first).map(([name, data]) => new arrow.Field(name, data.type, true));
  const schema = new arrow.Schema(fields);
  return new arrow.Table(
    schema,
    batches.map((columns) => {
      const children = Object.values(columns);
      const struct = new arrow.Struct(fields);
      return new arrow.RecordBatch(
        schema,
        arrow.makeData({ type: struct, length: children[0]?.length ?? 0, nullCount: 0, children }),
      );
    }),
  );
}

export function bodyOf(batches: readonly Columns[], framing: Framing = 'stream'): Uint8Array {
  return arrow.tableToIPC(tableOf(batches), framing);
}

const CODECS = {
  lz4: {
    type: arrow.CompressionType.LZ4_FRAME,
    encode: (bytes: Uint8Array) => compressFrameSync(Buffer.from(bytes)),
  },
  zstd: { type: arrow.CompressionType.ZSTD, encode: (bytes: Uint8Array) => zstdCompressSync(bytes) },
} as const;

const keyOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** Writes the plain length of each compressed buffer in front of it. */
function patchLengths(body: Uint8Array, lengths: ReadonlyMap<string, number>, start: number): void {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const reader = new arrow.MessageReader(body.subarray(start));
  let at = start;
  for (const message of reader) {
    const bodyStart = at + 8 + view.getInt32(at + 4, true);
    const header: unknown = message.header();
    const batch = header instanceof Object && 'data' in header ? header.data : header;
    const { buffers } = batch as { buffers?: { offset: number; length: number }[] };
    for (const region of buffers ?? []) {
      if (region.length === 0) continue;
      const position = bodyStart + region.offset;
      const length = lengths.get(keyOf(body.subarray(position + 8, position + region.length)));
      if (length !== undefined && view.getBigInt64(position, true) !== -1n)
        view.setBigInt64(position, BigInt(length), true);
    }
    reader.readMessageBody(message.bodyLength);
    at = bodyStart + message.bodyLength;
  }
}

/**
 * A body with compressed buffers. apache-arrow 21.2 writes each buffer's compressed length where its plain length
 * belongs (Arrow columnar format, "Compression"); that is corrected here.
 */
export function compressedBody(
  batches: readonly Columns[],
  codec: Codec,
  framing: Framing = 'stream',
): Uint8Array {
  const { type, encode } = CODECS[codec];
  const registered = arrow.compressionRegistry.get(type);
  const lengths = new Map<string, number>();
  arrow.compressionRegistry.set(type, {
    encode: (bytes) => {
      const packed = encode(bytes);
      lengths.set(keyOf(packed), bytes.byteLength);
      return packed;
    },
  });
  try {
    const Writer = framing === 'file' ? arrow.RecordBatchFileWriter : arrow.RecordBatchStreamWriter;
    const writer = new Writer({ compressionType: type });
    writer.write(tableOf(batches));
    const body = new Uint8Array(writer.finish().toUint8Array(true));
    patchLengths(body, lengths, framing === 'file' ? 8 : 0);
    return body;
  } finally {
    if (registered) arrow.compressionRegistry.set(type, registered);
  }
}
