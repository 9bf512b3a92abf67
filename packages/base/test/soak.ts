/**
 * Tests over random inputs have two sizes. In the suite they are small, and their inputs the same each time: a test that
 * failed by chance would be no test of the change at hand. `npm run soak` makes them large, with inputs of its own.
 */
export const isSoak = process.env['SOAK'] === '1';

/** The seed of every random input: `npm run soak` says its own, and takes one in `SOAK_SEED`. */
export const SEED = isSoak ? Number(process.env['SOAK_SEED']) : 20_261_125;

/** The size for the suite, or for a soak. */
export function sized(suite: number, soak: number): number {
  return isSoak ? soak : suite;
}

/** fast-check's parameters: so many inputs in the suite, so many in a soak. */
export function randomRuns(suite: number, soak: number): { readonly numRuns: number; readonly seed: number } {
  return { numRuns: sized(suite, soak), seed: SEED };
}
