/** The size for the suite, or for `npm run soak`: for what takes long and seldom breaks. */
export function sized(suite: number, soak: number): number {
  return process.env['SOAK'] === '1' ? soak : suite;
}
