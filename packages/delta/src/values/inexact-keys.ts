import * as arrow from 'apache-arrow';
import { OffloadError, dictionaryTypeOf, longsIn, type Data } from '@lance-offload/base/transform';
import { floorDivide } from './floor-divide.ts';

/** A type whose values the lake cuts: how many of its units are one of the lake's. */
interface Cut {
  readonly units: bigint;
  /** What is cut, in words. */
  readonly part: string;
}

const NANOSECONDS: Cut = { units: 1000n, part: 'nanoseconds' };
const TIME_OF_DAY: Cut = { units: 86_400_000n, part: 'a time of day' };

/**
 * What the lake cuts of a type's values, or `undefined` for one whose values it keeps exactly: those of `lakeTypeOf` that
 * have a note. Two values that differ in that alone are one in the lake.
 */
export function cutOf(type: arrow.DataType): Cut | undefined {
  if (arrow.DataType.isDictionary(type)) return cutOf(dictionaryTypeOf(type));
  if (arrow.DataType.isTimestamp(type) || arrow.DataType.isTime(type))
    return type.unit === arrow.TimeUnit.NANOSECOND ? NANOSECONDS : undefined;
  return arrow.DataType.isDate(type) && type.unit === arrow.DateUnit.MILLISECOND ? TIME_OF_DAY : undefined;
}

const two = (value: bigint): string => String(value).padStart(2, '0');

/** A value with all its digits: as Arrow's integer where it is beyond JavaScript's dates. */
function showValue(value: bigint, type: arrow.DataType): string {
  if (arrow.DataType.isTime(type)) {
    const seconds = value / 1_000_000_000n;
    const fraction = String(value % 1_000_000_000n).padStart(9, '0');
    return `${two(seconds / 3600n)}:${two((seconds / 60n) % 60n)}:${two(seconds % 60n)}.${fraction}`;
  }
  if (arrow.DataType.isDate(type)) {
    const day = new Date(Number(value));
    return Number.isNaN(day.getTime()) ? String(value) : day.toISOString();
  }
  const seconds = floorDivide(value, 1_000_000_000n);
  const fraction = String(value - seconds * 1_000_000_000n).padStart(9, '0');
  const zone = arrow.DataType.isTimestamp(type) && type.timezone ? 'Z' : '';
  return new Date(Number(seconds) * 1000).toISOString().replace('000Z', fraction + zone);
}

/** The values of a column as the 64-bit integers they are, by row; those of a dictionary as well. */
function longAt(data: Data): (row: number) => bigint {
  const { dictionary } = data;
  if (!dictionary) {
    const longs = longsIn(data);
    return (row) => longs[row] ?? 0n;
  }
  const chunks = dictionary.data.map(longAt);
  const lengths = dictionary.data.map(({ length }) => length);
  return (row) => {
    let index = Number(data.values[row]);
    let chunk = 0;
    for (; index >= (lengths[chunk] ?? Number.POSITIVE_INFINITY); chunk += 1) index -= lengths[chunk] ?? 0;
    return chunks[chunk]?.(index) ?? 0n;
  };
}

/**
 * The values of a column of a record batch of which the lake would cut something, in words for an error's sample.
 *
 * @param most how many are named.
 */
export function cutValues(name: string, data: Data, rowIds: BigUint64Array, most: number): string[] {
  const units = cutOf(data.type)?.units;
  if (units === undefined) return [];
  const type = arrow.DataType.isDictionary(data.type) ? dictionaryTypeOf(data.type) : data.type;
  const [valueOf, found] = [longAt(data), Array.of<string>()];
  for (let row = 0; row < data.length && found.length < most; row++) {
    if (!data.getValid(row)) continue;
    const value = valueOf(row);
    if (value % units !== 0n) found.push(`_rowid ${rowIds[row] ?? '?'} (${name}=${showValue(value, type)})`);
  }
  return found;
}

/** The error for values of a key or sequence that the lake would cut. `sample` names some of them. */
export function inexactKeyError(column: string, part: string, sample: readonly string[]): OffloadError {
  return new OffloadError(
    'KEY_INEXACT',
    `Column "${column}" tells rows apart or puts them in order, and has values with ${part}, which the lake cuts: rows that differ in that alone are one there`,
    { column, sample },
  );
}

/**
 * Refuses a column of a record batch that names or orders rows, where the lake would cut a value of it.
 *
 * @throws OffloadError `KEY_INEXACT` with the row and its value.
 */
export function refuseInexact(name: string, data: Data, rowIds: BigUint64Array): void {
  const sample = cutValues(name, data, rowIds, 1);
  const part = cutOf(data.type)?.part;
  if (sample.length > 0 && part !== undefined) throw inexactKeyError(name, part, sample);
}
