import * as arrow from 'apache-arrow';
import { bytesIn, shell, wordsIn, type Data } from '@lance-offload/base/transform';
import { decimalAt } from './decimal-words.ts';
import { widenDecimals, widenFloats, widenIntegers } from './widen.ts';
import { floorDivide } from './floor-divide.ts';

const MS_PER_DAY = 86_400_000n;
const LONG_MIN = -(2n ** 63n);
const LONG_MAX = 2n ** 63n - 1n;

function longs(data: Data): BigInt64Array {
  const values: unknown = data.values;
  if (values instanceof BigInt64Array) return values;
  throw new TypeError(`expected 64-bit values in an Arrow column of type ${arrow.Type[data.typeId]}`);
}

/** Calls `convert` for the rows that hold a value; what lies under a null is not looked at. */
function mapLongs(data: Data, convert: (value: bigint) => bigint): BigInt64Array {
  const values = longs(data);
  const result = new BigInt64Array(data.length);
  for (let row = 0; row < data.length; row++) {
    if (data.getValid(row)) result[row] = convert(values[row] ?? 0n);
  }
  return result;
}

function toMicroseconds(data: Data, unit: arrow.TimeUnit): BigInt64Array {
  if (unit === arrow.TimeUnit.MICROSECOND) return longs(data);
  if (unit === arrow.TimeUnit.NANOSECOND) return mapLongs(data, (value) => floorDivide(value, 1000n));
  const factor = unit === arrow.TimeUnit.SECOND ? 1_000_000n : 1000n;
  return mapLongs(data, (value) => {
    const scaled = value * factor;
    if (scaled < LONG_MIN || scaled > LONG_MAX)
      throw new RangeError(`timestamp ${value} is beyond the lake's range`);
    return scaled;
  });
}

/** 16-byte little-endian decimals from unsigned 64-bit integers. */
function decimalsFromUint64(data: Data): Uint32Array {
  const values: BigUint64Array = data.values;
  const source = new Uint32Array(values.buffer, values.byteOffset, data.length * 2);
  const result = new Uint32Array(data.length * 4);
  for (let row = 0; row < data.length; row++) {
    result[row * 4] = source[row * 2] ?? 0;
    result[row * 4 + 1] = source[row * 2 + 1] ?? 0;
  }
  return result;
}

/** The low 128 bits of 256-bit decimals: exact for every value of at most 38 digits, which have one sign in all others. */
function narrowDecimals(data: Data): Uint32Array {
  const source = wordsIn(data);
  const result = new Uint32Array(data.length * 4);
  for (let row = 0; row < data.length; row++) {
    if (!data.getValid(row)) continue;
    const sign = (source[row * 8 + 3] ?? 0) >>> 31 === 1 ? 0xffff_ffff : 0;
    if (source.subarray(row * 8 + 4, row * 8 + 8).some((word) => word !== sign))
      throw new RangeError(`the decimal of row ${row} has more digits than its type`);
    result.set(source.subarray(row * 8, row * 8 + 4), row * 4);
  }
  return result;
}

/** A source may hold more digits than its type has; no reader of the lake would show them right. */
function checkDigits(data: Data, precision: number): void {
  const [words, limit] = [wordsIn(data), 10n ** BigInt(precision)];
  for (let row = 0; row < data.length; row++) {
    if (!data.getValid(row)) continue;
    const value = decimalAt(words, row);
    if (value >= limit || value <= -limit)
      throw new RangeError(`the decimal ${value} (unscaled) has more digits than its type`);
  }
}

const HALF_MAGNITUDE = 0x7fff;
const HALF_INFINITY = 0x7c00;

/** Every value of a half as the float it is; a NaN keeps its sign and its bits, which no number carries over. */
function floatsFromHalf(data: Data): Float32Array {
  const source: Uint16Array = data.values;
  const halves = source.subarray(0, data.length);
  const floats = Float32Array.from(halves, (half) => arrow.util.uint16ToFloat64(half));
  const bits = new Uint32Array(floats.buffer);
  for (const [row, half] of halves.entries())
    if ((half & HALF_MAGNITUDE) > HALF_INFINITY)
      bits[row] = (((half & 0x8000) << 16) | 0x7f80_0000 | ((half & 0x3ff) << 13)) >>> 0;
  return floats;
}

function daysFromDates(data: Data): Int32Array {
  const values = longs(data);
  const days = new Int32Array(data.length);
  for (let row = 0; row < data.length; row++) {
    if (!data.getValid(row)) continue;
    const day = Number(floorDivide(values[row] ?? 0n, MS_PER_DAY));
    if (day !== (day | 0)) throw new RangeError(`date ${values[row]} is beyond the lake's range`);
    days[row] = day;
  }
  return days;
}

function binaryFromFixed(data: Data, byteWidth: number): Data {
  const valueOffsets = Int32Array.from({ length: data.length + 1 }, (_, row) => row * byteWidth);
  return arrow.makeData({
    type: new arrow.Binary(),
    ...shell(data),
    valueOffsets,
    data: bytesIn(data),
  });
}

/** A decimal column as the lake has it when no run widened it: 128 bits, in its own precision and scale. */
function exactDecimals(data: Data): Data {
  const { type } = data;
  if (!arrow.DataType.isDecimal(type))
    return arrow.makeData({
      type: new arrow.Decimal(0, 20, 128),
      ...shell(data),
      data: decimalsFromUint64(data),
    });
  const narrow =
    type.bitWidth === 256
      ? arrow.makeData({
          type: new arrow.Decimal(type.scale, type.precision, 128),
          ...shell(data),
          data: narrowDecimals(data),
        })
      : data;
  checkDigits(narrow, type.precision);
  return narrow;
}

/** Casts a column of a type without children; see `castData`. */
export function castScalars(data: Data, target: arrow.DataType): Data {
  const { type } = data;
  if (arrow.DataType.isTimestamp(type) && arrow.DataType.isTimestamp(target)) {
    return arrow.makeData({ type: target, ...shell(data), data: toMicroseconds(data, type.unit) });
  }
  if (arrow.DataType.isDecimal(target)) return widenDecimals(exactDecimals(data), target);
  if (arrow.DataType.isFloat(type) && type.precision === arrow.Precision.HALF) {
    const floats = arrow.makeData({ type: new arrow.Float32(), ...shell(data), data: floatsFromHalf(data) });
    return widenFloats(floats, target);
  }
  if (arrow.DataType.isFloat(type)) return widenFloats(data, target);
  if (arrow.DataType.isDate(type) && type.unit === arrow.DateUnit.MILLISECOND) {
    return arrow.makeData({ type: new arrow.DateDay(), ...shell(data), data: daysFromDates(data) });
  }
  if (arrow.DataType.isFixedSizeBinary(type)) return binaryFromFixed(data, type.byteWidth);
  if (arrow.DataType.isDuration(type))
    return arrow.makeData({ type: new arrow.Int64(), ...shell(data), data: longs(data) });
  if (arrow.DataType.isInt(type)) return widenIntegers(data, target);
  return data;
}
