import { DECIMAL_WORDS, decimalAt, putDecimal } from './decimal-words.ts';

const WORDS = DECIMAL_WORDS + 1;
/** Bytes of one canonical decimal. */
export const CANONICAL_DECIMAL_BYTES = WORDS * Uint32Array.BYTES_PER_ELEMENT;

/**
 * The bytes of decimals for the row hash, the same whatever their column's precision and scale: 1.5, 1.50 and 1.500 are
 * all one and a half. Each is its scale without the zeros at its end, then its unscaled value at that scale.
 *
 * @param words Arrow's 128-bit decimals; what lies under a null is any value.
 */
export function canonicalDecimals(words: Uint32Array, scale: number): Uint8Array {
  const rows = Math.floor(words.length / DECIMAL_WORDS);
  const canonical = new Uint32Array(rows * WORDS);
  for (let row = 0; row < rows; row++) {
    let value = decimalAt(words, row);
    let places = value === 0n ? 0 : scale;
    while (places > 0 && value % 10n === 0n) {
      value /= 10n;
      places--;
    }
    canonical[row * WORDS] = places;
    putDecimal(canonical, row * WORDS + 1, value);
  }
  return new Uint8Array(canonical.buffer);
}
