import { isAscii, isUtf8 } from 'node:buffer';

/** Bits that are set in the first `length` bits. */
function countBits(bitmap: Uint8Array, length: number): number {
  const whole = length >> 3;
  let count = 0;
  let at = 0;
  const view = new DataView(bitmap.buffer, bitmap.byteOffset, bitmap.byteLength);
  for (; at + 4 <= whole; at += 4) {
    const word = view.getUint32(at);
    count += word === 0xffff_ffff ? 32 : bitsIn(word);
  }
  for (; at < whole; at++) count += bitsIn(bitmap[at] ?? 0);
  const rest = length & 7;
  return rest === 0 ? count : count + bitsIn((bitmap[whole] ?? 0) & ((1 << rest) - 1));
}

function bitsIn(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

/**
 * The nulls of a validity bitmap, which must be as many as were announced (-1 announces nothing); without one there are
 * none.
 */
export function countNulls(bitmap: Uint8Array, length: number, announced: number): number {
  const nulls = bitmap.length === 0 ? 0 : length - countBits(bitmap, length);
  if (announced !== nulls && announced !== -1)
    throw new RangeError(`${nulls} nulls where ${announced} were announced`);
  return nulls;
}

/** Offsets of lists and texts must not fall, and stay within what they point into. */
export function checkOffsets(offsets: Int32Array | BigInt64Array, end: number): void {
  let last = offsets[0] ?? 0;
  if (last < 0) throw new RangeError(`an offset of ${last}`);
  for (let row = 1; row < offsets.length; row++) {
    const offset = offsets[row] ?? 0;
    if (offset < last) throw new RangeError(`offset ${offset} after ${last}`);
    last = offset;
  }
  if (last > end) throw new RangeError(`offset ${last} in ${end}`);
}

const isInside = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Every text that is not null must be UTF-8 by itself. */
export function checkTexts(
  bytes: Uint8Array,
  offsets: Int32Array | BigInt64Array,
  isValid: (row: number) => boolean,
): void {
  const used = bytes.subarray(Number(offsets[0] ?? 0), Number(offsets.at(-1) ?? 0));
  if (isAscii(used)) return;
  const whole = isUtf8(used);
  for (let row = 0; row + 1 < offsets.length; row++) {
    const [start, end] = [Number(offsets[row]), Number(offsets[row + 1])];
    if (start === end || !isValid(row)) continue;
    const good = whole
      ? !isInside(bytes[start]) && (end === bytes.length || !isInside(bytes[end]))
      : isUtf8(bytes.subarray(start, end));
    if (!good) throw new RangeError(`the text of row ${row} is not UTF-8`);
  }
}

/** Indices of a dictionary must be of one of its values, where they are not null. */
export function checkIndices(
  indices: ArrayLike<number | bigint>,
  length: number,
  values: number,
  isValid: (row: number) => boolean,
): void {
  for (let row = 0; row < length; row++) {
    const index = indices[row] ?? 0;
    if ((index < 0 || index >= values) && isValid(row))
      throw new RangeError(`index ${index} in a dictionary of ${values}`);
  }
}
