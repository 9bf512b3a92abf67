import * as arrow from 'apache-arrow';
import { shell, type Data } from '@lance-offload/base/transform';

const TEXT_BYTES = 'HH:MM:SS.ffffff'.length;

/** Microseconds since midnight; a day has 8.64e13 ns, so the value is exact as a number. */
function microsecondsOf(value: number, unit: arrow.TimeUnit): number {
  if (unit === arrow.TimeUnit.NANOSECOND) return Math.floor(value / 1000);
  if (unit === arrow.TimeUnit.MICROSECOND) return value;
  return value * (unit === arrow.TimeUnit.MILLISECOND ? 1e3 : 1e6);
}

const DAY_MICROSECONDS = 86_400e6;

const two = (value: number): string => String(value).padStart(2, '0');

function timeText(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1e6);
  const fraction = String(microseconds % 1e6).padStart(6, '0');
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${fraction}`;
}

/**
 * Times of day as text, `HH:MM:SS.ffffff`: Delta has no type for them.
 *
 * @throws RangeError for one that is not within a day.
 */
export function timeAsText(data: Data, type: arrow.Time): Data {
  const values: Int32Array | BigInt64Array = data.values;
  const bytes = new Uint8Array(data.length * TEXT_BYTES);
  const encoder = new TextEncoder();
  for (let row = 0; row < data.length; row++) {
    const microseconds = data.getValid(row) ? microsecondsOf(Number(values[row]), type.unit) : 0;
    if (microseconds < 0 || microseconds >= DAY_MICROSECONDS)
      throw new RangeError(`${values[row]} is no time of day`);
    encoder.encodeInto(timeText(microseconds), bytes.subarray(row * TEXT_BYTES));
  }
  const valueOffsets = Int32Array.from({ length: data.length + 1 }, (_, row) => row * TEXT_BYTES);
  return arrow.makeData({ type: new arrow.Utf8(), ...shell(data), valueOffsets, data: bytes });
}
