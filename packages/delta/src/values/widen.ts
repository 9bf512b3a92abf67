import * as arrow from 'apache-arrow';
import { floatsIn, shell, wordsIn, type Data } from '@lance-offload/base/transform';
import { DECIMAL_WORDS, decimalAt, putDecimal } from './decimal-words.ts';

// Each hands back the column itself where the target is no wider: most columns of most runs.

/** Integers of any width, unsigned ones too, in a signed type that holds them all. */
export function widenIntegers(data: Data, target: arrow.DataType): Data {
  const { type } = data;
  if (!arrow.DataType.isInt(type) || !arrow.DataType.isInt(target)) return data;
  if (type.isSigned && type.bitWidth === target.bitWidth) return data;
  const source: Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array = data.values;
  const values = source.subarray(0, data.length);
  if (target.bitWidth === 64)
    return arrow.makeData({
      type: new arrow.Int64(),
      ...shell(data),
      data: BigInt64Array.from(values, BigInt),
    });
  if (target.bitWidth === 16)
    return arrow.makeData({ type: new arrow.Int16(), ...shell(data), data: Int16Array.from(values) });
  return arrow.makeData({ type: new arrow.Int32(), ...shell(data), data: Int32Array.from(values) });
}

/** Floats as the doubles of just their values. */
export function widenFloats(data: Data, target: arrow.DataType): Data {
  const { type } = data;
  if (!arrow.DataType.isFloat(type) || !arrow.DataType.isFloat(target)) return data;
  if (type.precision === target.precision) return data;
  const values = Float64Array.from(floatsIn(data).subarray(0, data.length));
  return arrow.makeData({ type: new arrow.Float64(), ...shell(data), data: values });
}

/** The same decimals with more digits before or behind the point. */
export function widenDecimals(data: Data, target: arrow.Decimal): Data {
  const { type } = data;
  if (!arrow.DataType.isDecimal(type)) return data;
  if (type.precision === target.precision && type.scale === target.scale) return data;
  const words = type.scale === target.scale ? wordsIn(data) : rescale(data, target.scale - type.scale);
  return arrow.makeData({ type: target, ...shell(data), data: words });
}

function rescale(data: Data, places: number): Uint32Array {
  const source = wordsIn(data);
  const result = new Uint32Array(data.length * DECIMAL_WORDS);
  const factor = 10n ** BigInt(places);
  for (let row = 0; row < data.length; row++) {
    if (data.getValid(row)) putDecimal(result, row * DECIMAL_WORDS, decimalAt(source, row) * factor);
  }
  return result;
}
