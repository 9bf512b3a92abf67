import * as arrow from 'apache-arrow';
import { ByteWriter } from 'hyparquet-writer';
import { OffloadError, bytesIn, type Data } from '@lance-offload/base/transform';
import {
  footerBytes,
  readFooter,
  structIn,
  structsIn,
  TAIL_BYTES,
  thriftBytes,
  writeFooter,
  type ThriftFields,
} from './parquet-footer.ts';

/**
 * A text or binary value from this size on is written by this module. A Parquet writer in WebAssembly holds six copies of
 * what it writes, in a memory that ends at 4 GiB; this way there are two, the value as it came and as it goes to the file.
 */
export const LARGE_VALUE_BYTES = 2 ** 25;

/**
 * A row of a nested column from this size on is refused: this module does not write it, and the Parquet writer would take
 * eight times as much for it as for a page of the usual size (`page_bytes`, with what an answer may be larger).
 */
export const LARGE_ROW_BYTES = 96 * 2 ** 20;

/** Parquet gives the size of a page in 31 bits. */
const PAGE_BYTES = 2 ** 31 - 1;

/** Names of parquet.thrift: `PageType.DATA_PAGE`, `Encoding.PLAIN`, `Encoding.RLE`, `CompressionCodec.UNCOMPRESSED`. */
const [DATA_PAGE, PLAIN, RLE, UNCOMPRESSED] = [0, 0, 3, 0];

function isBytes(type: arrow.DataType): boolean {
  return (
    arrow.DataType.isUtf8(type) ||
    arrow.DataType.isLargeUtf8(type) ||
    arrow.DataType.isBinary(type) ||
    arrow.DataType.isLargeBinary(type)
  );
}

function offsetsOf(data: Data): (row: number) => number {
  const offsets: Int32Array | BigInt64Array = data.valueOffsets;
  return offsets instanceof Int32Array ? (row) => offsets[row] ?? 0 : (row) => Number(offsets[row]);
}

/** The first row of a column of texts or binaries whose value is large. */
export function largeRow(data: Data): number | undefined {
  if (!isBytes(data.type) || bytesIn(data).length < LARGE_VALUE_BYTES) return undefined;
  const offset = offsetsOf(data);
  for (let row = 0; row < data.length; row++)
    if (offset(row + 1) - offset(row) >= LARGE_VALUE_BYTES) return row;
  return undefined;
}

/** Whether a column is of texts or binaries, one of them large. */
export function holdsLargeValues(batches: readonly Data[]): boolean {
  return batches.some((data) => largeRow(data) !== undefined);
}

/** Bytes of a range of a column's values, whatever is inside. */
function spanBytes(data: Data, start: number, end: number): number {
  const { type, children } = data;
  if (isBytes(type)) return offsetsOf(data)(end) - offsetsOf(data)(start);
  if (arrow.DataType.isStruct(type))
    return children.reduce((sum, child) => sum + spanBytes(child, start, end), 0);
  const [items] = children;
  if (items) return spanBytes(items, offsetsOf(data)(start), offsetsOf(data)(end));
  const values: unknown = data.values;
  return ArrayBuffer.isView(values) && data.length > 0
    ? (values.byteLength / data.length) * (end - start)
    : 0;
}

/** The first row of a nested column that is too large to be written. */
export function largeNestedRow(data: Data): number | undefined {
  if (data.children.length === 0 || spanBytes(data, 0, data.length) < LARGE_ROW_BYTES) return undefined;
  for (let row = 0; row < data.length; row++)
    if (spanBytes(data, row, row + 1) >= LARGE_ROW_BYTES) return row;
  return undefined;
}

/** The column with empty texts in place of its own, and its nulls. */
export function emptied(data: Data): Data {
  const { type, length, nullCount, nullBitmap } = data;
  const isLong = arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type);
  return arrow.makeData({
    type: type as arrow.Binary, // one of four types of the same layout
    length,
    nullCount,
    nullBitmap: nullCount > 0 ? nullBitmap : null,
    valueOffsets: (isLong ? new BigInt64Array(length + 1) : new Int32Array(length + 1)) as Int32Array,
    data: new Uint8Array(0),
  });
}

/** A page of PLAIN values under no compression: its header and levels, and the column they stand before. */
interface PlainPage {
  readonly head: Uint8Array;
  readonly data: Data;
  /** All of it, header included. */
  readonly bytes: number;
}

/** Which rows hold a value, as Parquet has it: one run of ones, or the bits of Arrow's bitmap, which are in the same order. */
function definitionLevels({ length, nullCount, nullBitmap }: Data): Uint8Array {
  const levels = new ByteWriter();
  if (nullCount === 0) {
    levels.appendVarInt(length << 1);
    levels.appendUint8(1);
    return levels.getBytes();
  }
  const bytes = Math.ceil(length / 8);
  levels.appendVarInt((bytes << 1) | 1);
  levels.appendBytes(nullBitmap.subarray(0, bytes));
  return levels.getBytes();
}

function planPage(name: string, data: Data): PlainPage {
  const levels = definitionLevels(data);
  const offset = offsetsOf(data);
  let values = 0;
  for (let row = 0; row < data.length; row++)
    if (data.getValid(row)) values += 4 + offset(row + 1) - offset(row);
  const size = 4 + levels.length + values;
  if (size > PAGE_BYTES)
    throw new OffloadError(
      'TYPE_UNSUPPORTED',
      `Column "${name}" has values larger than 2 GiB, which no Parquet file holds`,
      {
        column: name,
      },
    );
  const head = new ByteWriter();
  head.appendBytes(
    thriftBytes({
      field_1: DATA_PAGE,
      field_2: size,
      field_3: size,
      field_5: { field_1: data.length, field_2: PLAIN, field_3: RLE, field_4: RLE },
    }),
  );
  head.appendUint32(levels.length);
  head.appendBytes(levels);
  return { head: head.getBytes(), data, bytes: head.offset + values };
}

/** @returns where the page ends. */
function putPage(file: Uint8Array, at: number, { head, data }: PlainPage): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const [bytes, offset] = [bytesIn(data), offsetsOf(data)];
  file.set(head, at);
  let end = at + head.length;
  for (let row = 0; row < data.length; row++) {
    if (!data.getValid(row)) continue;
    const value = bytes.subarray(offset(row), offset(row + 1));
    view.setUint32(end, value.length, true);
    file.set(value, end + 4);
    end += 4 + value.length;
  }
  return end;
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The chunk of a flat column in the file's only row group. */
function chunkOf(name: string, group: ThriftFields): ThriftFields {
  const found = structsIn(group, 1).find((chunk) => {
    const path = structIn(chunk, 3)['field_3'];
    const [first, ...more] = Array.isArray(path) ? path : [];
    return more.length === 0 && first instanceof Uint8Array && decoder.decode(first) === name;
  });
  if (!found) throw new TypeError(`the Parquet file has no column "${name}"`);
  return found;
}

const plus = (value: unknown, more: number): bigint =>
  (typeof value === 'bigint' ? value : 0n) + BigInt(more);

/** Lets the footer find a column's values in the pages at `start`. */
function moveChunk(group: ThriftFields, chunk: ThriftFields, start: number, bytes: number): void {
  const { field_1: type, field_3: path, field_5: values } = structIn(chunk, 3);
  for (const key of Object.keys(chunk)) delete chunk[key as keyof ThriftFields];
  chunk['field_2'] = 0n; // where a copy of the column's metadata would be: there is none
  chunk['field_3'] = {
    field_1: type,
    field_2: [PLAIN, RLE],
    field_3: path,
    field_4: UNCOMPRESSED,
    field_5: values,
    field_6: BigInt(bytes),
    field_7: BigInt(bytes),
    field_9: BigInt(start),
  } satisfies ThriftFields;
  group['field_2'] = plus(group['field_2'], bytes);
  if ('field_6' in group) group['field_6'] = plus(group['field_6'], bytes);
}

/** A column of a file, each batch of it a `Data`. */
export interface LargeColumn {
  readonly name: string;
  readonly data: readonly Data[];
}

/**
 * Puts columns of large values into a Parquet file of one row group that has them with empty values (`emptied`): their
 * pages follow those of the others, plain and uncompressed, and the footer leads there.
 *
 * @throws OffloadError `TYPE_UNSUPPORTED` for values beyond what Parquet can hold.
 */
export function appendLargeColumns(
  small: Uint8Array<ArrayBuffer>,
  columns: readonly LargeColumn[],
): Uint8Array<ArrayBuffer> {
  const length = footerBytes(small);
  const start = small.length - TAIL_BYTES - length;
  const footer = readFooter(small.slice(start, start + length));
  const [group, ...others] = structsIn(footer, 4);
  if (!group || others.length > 0) throw new TypeError('large values go into one row group');
  let end = start;
  const pages: PlainPage[] = [];
  for (const { name, data } of columns) {
    const own = data.filter(({ length: rows }) => rows > 0).map((batch) => planPage(name, batch));
    const bytes = own.reduce((sum, page) => sum + page.bytes, 0);
    moveChunk(group, chunkOf(name, group), end, bytes);
    pages.push(...own);
    end += bytes;
  }
  const tail = writeFooter(footer);
  const file = new Uint8Array(end + tail.length);
  file.set(small.subarray(0, start));
  const put = pages.reduce((at, page) => putPage(file, at, page), start);
  if (put !== end) throw new TypeError('pages of another size than was planned');
  file.set(tail, end);
  return file;
}
