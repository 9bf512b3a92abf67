import * as arrow from 'apache-arrow';
import xxhash from 'xxhash-wasm';
import { bytesIn, doublesIn, floatsIn, longsIn, wordsIn, type Data } from '@lance-offload/base/transform';
import { BY_BITS, ByteSink, CANONICAL, hasOddFloats, type FloatEncoding } from './canonical-bytes.ts';
import { CANONICAL_DECIMAL_BYTES, canonicalDecimals } from './canonical-decimals.ts';

/**
 * `_row_hash`: xxHash64 over a canonical encoding of a row's lake values.
 *
 * - Columns count by name, in the order of their names: reordering columns changes nothing.
 * - A null column contributes nothing: a column added later, null in old rows, changes nothing.
 * - Integers of every width are encoded alike, a double that is a float exactly like that float, and decimals by their
 *   value, whatever their scale: widening a column changes nothing. NaN equals NaN, -0.0 equals 0.0; null, empty and
 *   zero differ.
 */
type Append = (sink: ByteSink, row: number) => void;

const ABSENT = 0;
const PRESENT = 1;

function isValid(data: Data): (row: number) => boolean {
  return data.nullCount > 0 ? (row) => data.getValid(row) : () => true;
}

function offsetsOf(data: Data): (row: number) => number {
  const offsets: Int32Array | BigInt64Array = data.valueOffsets;
  return offsets instanceof Int32Array ? (row) => offsets[row] ?? 0 : (row) => Number(offsets[row]);
}

function appendBytes(data: Data): Append {
  const bytes = bytesIn(data);
  const offset = offsetsOf(data);
  return (sink, row) => {
    const start = offset(row);
    const end = offset(row + 1);
    sink.uint32(end - start);
    sink.bytes(bytes, start, end);
  };
}

function appendFixed(bytes: Uint8Array, width: number): Append {
  return (sink, row) => sink.bytes(bytes, row * width, (row + 1) * width);
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function appendInteger(data: Data, bitWidth: number): Append {
  if (bitWidth === 64) return appendFixed(bytesOf(longsIn(data)), 8);
  const values: Int8Array | Int16Array | Int32Array = data.values;
  return (sink, row) => sink.int64(values[row] ?? 0);
}

/** Whether a range of items holds no null. */
function allValid(data: Data): (start: number, end: number) => boolean {
  if (data.nullCount === 0) return () => true;
  return (start, end) => {
    for (let index = start; index < end; index++) if (!data.getValid(index)) return false;
    return true;
  };
}

/** Items of a list without nulls follow one another bare; with nulls, each is marked. Vectors take one copy a row. */
function appendList(data: Data, encoding: FloatEncoding): Append {
  const [child] = data.children;
  if (!child) throw new TypeError('a list without its items');
  const { range: bare, value } = appendItems(child, encoding);
  const [offset, whole, marked] = [offsetsOf(data), allValid(child), appendNullable(child, encoding, value)];
  return (sink, row) => {
    const [start, end] = [offset(row), offset(row + 1)];
    sink.uint32(end - start);
    if (whole(start, end)) {
      sink.byte(PRESENT);
      return bare(sink, start, end);
    }
    sink.byte(ABSENT);
    for (let index = start; index < end; index++) marked(sink, index);
  };
}

/**
 * A range of items, and one item. Both are made of one: made apart at each level, the work for lists in lists would grow as a
 * power of their depth.
 */
function appendItems(
  data: Data,
  encoding: FloatEncoding,
): {
  readonly range: (sink: ByteSink, start: number, end: number) => void;
  readonly value: Append;
} {
  if (arrow.DataType.isFloat(data.type) && data.type.precision === arrow.Precision.SINGLE) {
    const floats = encoding.floats(floatsIn(data));
    return {
      range: (sink, start, end) => sink.bytes(floats, start * 4, end * 4),
      value: appendFixed(floats, 4),
    };
  }
  const value = appendValue(data, encoding);
  return {
    range: (sink, start, end) => {
      for (let index = start; index < end; index++) value(sink, index);
    },
    value,
  };
}

/** Fields of a struct count by name, and null ones not at all, like columns. */
function appendStruct(data: Data, encoding: FloatEncoding): Append {
  return appendNamed(data.type.children, data.children, encoding);
}

function appendMap(data: Data, encoding: FloatEncoding): Append {
  const [entries] = data.children;
  const [keys, values] = entries?.children ?? [];
  if (!keys || !values) throw new TypeError('a map without its entries');
  const [key, value, offset] = [
    appendNullable(keys, encoding),
    appendNullable(values, encoding),
    offsetsOf(data),
  ];
  return (sink, row) => {
    sink.uint32(offset(row + 1) - offset(row));
    for (let index = offset(row); index < offset(row + 1); index++) {
      key(sink, index);
      value(sink, index);
    }
  };
}

function appendValue(data: Data, encoding: FloatEncoding): Append {
  const { type } = data;
  if (arrow.DataType.isInt(type)) return appendInteger(data, type.bitWidth);
  if (arrow.DataType.isFloat(type)) {
    if (type.precision === arrow.Precision.SINGLE) return appendFixed(encoding.floats(floatsIn(data)), 4);
    return encoding.doubles(doublesIn(data));
  }
  if (arrow.DataType.isBool(type)) {
    const bits = bytesIn(data);
    return (sink, row) => sink.byte(((bits[row >> 3] ?? 0) >> (row & 7)) & 1);
  }
  if (arrow.DataType.isDecimal(type))
    return appendFixed(canonicalDecimals(wordsIn(data), type.scale), CANONICAL_DECIMAL_BYTES);
  if (arrow.DataType.isDate(type)) return appendInteger(data, 32);
  if (arrow.DataType.isTimestamp(type)) return appendInteger(data, 64);
  if (arrow.DataType.isList(type)) return appendList(data, encoding);
  if (arrow.DataType.isStruct(type)) return appendStruct(data, encoding);
  if (arrow.DataType.isMap(type)) return appendMap(data, encoding);
  return appendBytes(data);
}

function appendNullable(
  data: Data,
  encoding: FloatEncoding,
  value: Append = appendValue(data, encoding),
): Append {
  const valid = isValid(data);
  return (sink, row) => {
    if (!valid(row)) return sink.byte(ABSENT);
    sink.byte(PRESENT);
    value(sink, row);
  };
}

function appendNamed(
  fields: readonly arrow.Field[],
  columns: readonly Data[],
  encoding: FloatEncoding,
): Append {
  const encoder = new TextEncoder();
  const parts = fields
    .map((field, index) => ({ name: field.name, data: columns[index] }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap(({ name, data }) =>
      data ? [{ name: encoder.encode(name), valid: isValid(data), value: appendValue(data, encoding) }] : [],
    );
  return (sink, row) => {
    for (const { name, valid, value } of parts) {
      if (!valid(row)) continue;
      sink.uint32(name.length);
      sink.bytes(name, 0, name.length);
      value(sink, row);
    }
    sink.uint32(0);
  };
}

const hasher = await xxhash();

function hashBy(
  encoding: FloatEncoding,
  fields: readonly arrow.Field[],
  columns: readonly Data[],
  rows: number,
): BigInt64Array {
  const append = appendNamed(fields, columns, encoding);
  let long: ReturnType<typeof hasher.create64> | undefined;
  const sink = new ByteSink((piece) => {
    long ??= hasher.create64();
    long.update(piece);
  });
  const hashes = new BigInt64Array(rows);
  for (let row = 0; row < rows; row++) {
    sink.clear();
    long = undefined;
    append(sink, row);
    hashes[row] = BigInt.asIntN(64, digestOf(sink.written(), long));
  }
  return hashes;
}

function digestOf(end: Uint8Array, start: ReturnType<typeof hasher.create64> | undefined): bigint {
  return start ? start.update(end).digest() : hasher.h64Raw(end);
}

/** The row hashes of a record batch whose columns are in their lake types (`castData`). */
export function hashRows(
  fields: readonly arrow.Field[],
  columns: readonly Data[],
  rows: number,
): BigInt64Array {
  return hashBy(CANONICAL, fields, columns, rows);
}

function isOdd(data: Data): boolean {
  const values: unknown = data.values;
  if (values instanceof Float32Array || values instanceof Float64Array) return hasOddFloats(values);
  return data.children.some(isOdd);
}

/**
 * Hashes of the same rows that tell -0.0 from 0.0 and one NaN from another; those of `hashRows` where no column has any.
 *
 * @param hashes what `hashRows` gives for the same.
 */
export function hashBits(
  fields: readonly arrow.Field[],
  columns: readonly Data[],
  hashes: BigInt64Array,
): BigInt64Array {
  return columns.some(isOdd) ? hashBy(BY_BITS, fields, columns, hashes.length) : hashes;
}

/** Bytes hashed at a time: the hash's WebAssembly memory grows to what it is given at once. */
const CHECKSUM_BYTES = 2 ** 18;

/** xxHash64 of a file's bytes, as 16 hex digits. */
export function checksumOf(bytes: Uint8Array): string {
  const hash = hasher.create64();
  for (let at = 0; at < bytes.length; at += CHECKSUM_BYTES)
    hash.update(bytes.subarray(at, at + CHECKSUM_BYTES));
  return hash.digest().toString(16).padStart(16, '0');
}
