import * as arrow from 'apache-arrow';
import { bytesIn, longsIn, typeOf, wordsIn, type Data } from '@lance-offload/base/transform';
import { floorDivide } from '../values/floor-divide.ts';

/** Longest prefix of a string kept in `minValues`/`maxValues`, in code points (Delta's own writers use 32). */
const STRING_PREFIX = 32;

interface Bounds {
  readonly min: unknown;
  readonly max: unknown;
}

declare global {
  interface JSON {
    /** ECMAScript "JSON.parse source text access": a number written exactly as given. */
    rawJSON(text: string): unknown;
  }
}

function extremes<T>(
  data: readonly Data[],
  read: (column: Data, row: number) => T,
  before: (a: T, b: T) => boolean,
): [T, T] | undefined {
  let found: [T, T] | undefined;
  for (const column of data) {
    for (let row = 0; row < column.length; row++) {
      if (!column.getValid(row)) continue;
      const value = read(column, row);
      if (!found) found = [value, value];
      else if (before(value, found[0])) found[0] = value;
      else if (before(found[1], value)) found[1] = value;
    }
  }
  return found;
}

const less = <T extends number | bigint>(a: T, b: T) => a < b;
const readNumber = (column: Data, row: number) => Number(column.values[row]);
const readLong = (column: Data, row: number) => longsIn(column)[row] ?? 0n;

function decimalAt(column: Data, row: number): bigint {
  const words = wordsIn(column);
  let value = 0n;
  for (let word = 3; word >= 0; word--) value = (value << 32n) | BigInt(words[row * 4 + word] ?? 0);
  return BigInt.asIntN(128, value);
}

function decimalText(unscaled: bigint, scale: number): string {
  if (scale <= 0) return `${unscaled}${'0'.repeat(-scale)}`;
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, '0');
  return `${unscaled < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** ISO-8601 with milliseconds, which is all Delta's statistics keep: the minimum is cut down, the maximum up. */
function instantText(microseconds: bigint, zoned: boolean, up: boolean): string | undefined {
  const whole = Number(floorDivide(microseconds, 1000n));
  const instant = new Date(up ? whole + 1 : whole);
  const year = instant.getUTCFullYear();
  if (Number.isNaN(year) || year < 1 || year > 9998) return undefined;
  const text = instant.toISOString();
  return zoned ? text : text.slice(0, -1);
}

function dayText(day: number): string | undefined {
  const instant = new Date(day * 86_400_000);
  const year = instant.getUTCFullYear();
  return Number.isNaN(year) || year < 1 || year > 9998 ? undefined : instant.toISOString().slice(0, 10);
}

/** Bytes that hold `STRING_PREFIX` code points and the one after them, whatever they are: UTF-8 takes four at most. */
const PREFIX_BYTES = (STRING_PREFIX + 1) * 4;

// A byte order mark at the start is part of the string: without it the maximum would lie below the value.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The code points of a text's start: more than `STRING_PREFIX` of them where it is longer. A value may be a whole book. */
function firstPoints(utf8: Uint8Array): string[] {
  return Array.from(decoder.decode(utf8.subarray(0, PREFIX_BYTES)));
}

/** A prefix that is not below the string: its last code point is raised, or there is no bound. */
function roundUp(points: readonly string[]): string | undefined {
  if (points.length <= STRING_PREFIX) return points.join('');
  for (let at = STRING_PREFIX - 1; at >= 0; at--) {
    const next = (points[at]?.codePointAt(0) ?? 0) + 1;
    const usable = next <= 0x10_ffff && (next < 0xd800 || next > 0xdfff);
    if (usable) return points.slice(0, at).join('') + String.fromCodePoint(next);
  }
  return undefined;
}

function utf8At(column: Data, row: number): Buffer {
  const offsets: Int32Array | BigInt64Array = column.valueOffsets;
  const { buffer, byteOffset } = bytesIn(column);
  const start = Number(offsets[row]);
  return Buffer.from(buffer, byteOffset + start, Number(offsets[row + 1]) - start);
}

/** Order of UTF-8 bytes, which is the order Parquet and Delta compare strings in. */
function textBounds(columns: readonly Data[]): Bounds | undefined {
  const found = extremes(columns, utf8At, (a, b) => Buffer.compare(a, b) < 0);
  if (!found) return undefined;
  const max = roundUp(firstPoints(found[1]));
  const min = firstPoints(found[0]).slice(0, STRING_PREFIX).join('');
  return max === undefined ? undefined : { min, max };
}

/**
 * Readers that compare by bits take -0.0 for less than 0.0, others for the same: a zero is a bound of both kinds only as
 * -0.0 below and 0.0 above (Parquet's rule for its own statistics, parquet.thrift, `ColumnOrder`). No bounds where a NaN
 * or an infinity is among the values.
 */
function floatBounds(columns: readonly Data[]): Bounds | undefined {
  const found = extremes(columns, readNumber, (a, b) => a < b || Number.isNaN(a));
  if (!found?.every(Number.isFinite)) return undefined;
  const [min, max] = found;
  return { min: min === 0 ? JSON.rawJSON('-0.0') : min, max: max === 0 ? 0 : max };
}

function boundsOf(columns: readonly Data[]): Bounds | undefined {
  const type = columns[0]?.type;
  if (type === undefined) return undefined;
  if (arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type)) return textBounds(columns);
  if (arrow.DataType.isInt(type) && type.bitWidth === 64) {
    const found = extremes(columns, readLong, less);
    return found && { min: JSON.rawJSON(String(found[0])), max: JSON.rawJSON(String(found[1])) };
  }
  if (arrow.DataType.isInt(type)) {
    const found = extremes(columns, readNumber, less);
    return found && { min: found[0], max: found[1] };
  }
  if (arrow.DataType.isFloat(type)) return floatBounds(columns);
  if (arrow.DataType.isDecimal(type)) {
    const found = extremes(columns, decimalAt, less);
    return (
      found && {
        min: JSON.rawJSON(decimalText(found[0], type.scale)),
        max: JSON.rawJSON(decimalText(found[1], type.scale)),
      }
    );
  }
  if (arrow.DataType.isDate(type)) {
    const found = extremes(columns, readNumber, less);
    const [min, max] = [found && dayText(found[0]), found && dayText(found[1])];
    return min === undefined || max === undefined ? undefined : { min, max };
  }
  if (arrow.DataType.isTimestamp(type)) {
    const zoned = typeof type.timezone === 'string' && type.timezone !== '';
    const found = extremes(columns, readLong, less);
    const [min, max] = [
      found && instantText(found[0], zoned, false),
      found && instantText(found[1], zoned, true),
    ];
    return min === undefined || max === undefined ? undefined : { min, max };
  }
  return undefined;
}

function countsNulls(type: arrow.DataType): boolean {
  const binary = arrow.DataType.isBinary(type) || arrow.DataType.isLargeBinary(type);
  return !binary && (type.children ?? []).length === 0;
}

/**
 * A file's `add.stats` (Delta PROTOCOL.md, "Per-file Statistics") as JSON text: exact for 64-bit integers, which
 * JavaScript's numbers are not. Columns hold one `Data` per record batch; nested and binary columns are left out.
 */
export function fileStats(
  fields: readonly arrow.Field[],
  columns: readonly (readonly Data[])[],
  rows: number,
): string {
  const minValues: Record<string, unknown> = {};
  const maxValues: Record<string, unknown> = {};
  const nullCount: Record<string, number> = {};
  for (const [index, field] of fields.entries()) {
    const batches = columns[index] ?? [];
    if (!countsNulls(typeOf(field))) continue;
    nullCount[field.name] = batches.reduce((sum, data) => sum + data.nullCount, 0);
    const bounds = boundsOf(batches);
    if (!bounds) continue;
    minValues[field.name] = bounds.min;
    maxValues[field.name] = bounds.max;
  }
  return JSON.stringify({ numRecords: rows, minValues, maxValues, nullCount, tightBounds: true });
}
