/** Whether this is `npm run soak`: for what takes long and seldom breaks. */
export const isSoak = process.env['SOAK'] === '1';

/** The size for the suite, or for a soak. */
export function sized(suite: number, soak: number): number {
  return isSoak ? soak : suite;
}
