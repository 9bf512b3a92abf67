/** Division that rounds towards negative infinity, so that instants before 1970 are cut the same way as later ones. */
export function floorDivide(value: bigint, by: bigint): bigint {
  const quotient = value / by;
  return value % by < 0n ? quotient - 1n : quotient;
}
