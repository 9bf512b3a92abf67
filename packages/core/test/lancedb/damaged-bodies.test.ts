import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Tally } from './fuzz/main.ts';

/**
 * Arrow IPC has no checksums: TLS and TCP guard the bytes on their way. A body with another number where a number stood is a
 * good body, of other rows, and nobody can tell. What is claimed of 10,000 damaged bodies is therefore this.
 *
 * - Damage to the structure (prefixes, metadata, counts, offsets and order of messages, node lengths, buffer regions) is
 *   refused, or known to be short of rows, or harmless: whatever is staged has the rows of the undamaged body.
 * - Damage inside the buffers is refused where it breaks what a reader relies on (validity counts, offsets, UTF-8, indices,
 *   codecs' frames, distinct row ids). Otherwise other values are staged, never a crash and never a defect's code.
 * - Neither kills the process, hangs it, or has it hold much more than the good bodies do.
 *
 * Another seed: `node packages/core/test/lancedb/fuzz/main.ts SEED 10000 structure`.
 */
const SEED = 20_261_122;
const HEAP_MB = 256;
/** The good bodies alone take some 200 MB, most of it WebAssembly and native code. */
const MEMORY_LIMIT = 600e6;

async function fuzz(bodies: number, damage: 'structure' | 'values'): Promise<Tally> {
  const main = path.join(import.meta.dirname, 'fuzz', 'main.ts');
  const args = ['--disable-warning=ExperimentalWarning', `--max-old-space-size=${HEAP_MB}`, main];
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...args,
    String(SEED),
    String(bodies),
    damage,
  ]);
  const tally: Tally = JSON.parse(stdout);
  return tally;
}

test(`8,000 bodies of damaged structure (seed ${SEED}) are refused, short of rows, or have the rows they had`, async () => {
  const tally = await fuzz(8000, 'structure');
  expect(tally).toMatchObject({ bodies: 8000, wrong: [], changed: 0 });
  expect(tally.refused).toBeGreaterThan(5000);
  expect(tally.peakBytes).toBeLessThan(MEMORY_LIMIT);
}, 240_000);

test(`2,000 bodies of damaged values (seed ${SEED}) are refused with a code of the source, or hold other values`, async () => {
  const tally = await fuzz(2000, 'values');
  expect(tally).toMatchObject({ bodies: 2000, wrong: [] });
  expect(tally.refused).toBeGreaterThan(1000);
  expect(tally.peakBytes).toBeLessThan(MEMORY_LIMIT);
}, 240_000);
