// Arrow's 128-bit decimals: four 32-bit words each, the lowest first, in two's complement.

export const DECIMAL_WORDS = 4;

/** The unscaled value of a decimal. */
export function decimalAt(words: Uint32Array, row: number): bigint {
  let value = 0n;
  for (let word = DECIMAL_WORDS - 1; word >= 0; word--)
    value = (value << 32n) | BigInt(words[row * DECIMAL_WORDS + word] ?? 0);
  return BigInt.asIntN(128, value);
}

/** Writes an unscaled value as four words from `start` on. */
export function putDecimal(words: Uint32Array, start: number, value: bigint): void {
  let rest = BigInt.asUintN(128, value);
  for (let word = 0; word < DECIMAL_WORDS; word++) {
    words[start + word] = Number(rest & 0xffff_ffffn);
    rest >>= 32n;
  }
}
