import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { SEED, sized } from '../../../base/test/soak.ts';
import type { Tally } from './fuzz/main.ts';

/**
 * Arrow IPC has no checksums: TLS and TCP guard the bytes on their way. A body with another number where a number stood is a
 * good body, of other rows, and nobody can tell. What is claimed of thousands of damaged bodies is therefore this.
 *
 * - Damage to the structure (prefixes, metadata, counts, offsets and order of messages, node lengths, buffer regions) is
 *   refused, or known to be short of rows, or harmless: whatever is staged has the rows of the undamaged body.
 * - Damage inside the buffers is refused where it breaks what a reader relies on (validity counts, offsets, UTF-8, indices,
 *   codecs' frames, distinct row ids). Otherwise other values are staged, never a crash and never a defect's code.
 * - Neither kills the process, hangs it, or has it hold much more than the good bodies do.
 *
 * Another seed: `node packages/core/test/lancedb/fuzz/main.ts SEED 10000 structure`.
 */
const STRUCTURES = sized(3000, 200_000);
const VALUES = sized(1000, 50_000);
const TIMEOUT_MS = sized(240_000, 2 * 3_600_000);
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

test(
  `${STRUCTURES} bodies of damaged structure (seed ${SEED}) are refused, short of rows, or have the rows they had`,
  async () => {
    const tally = await fuzz(STRUCTURES, 'structure');
    expect(tally).toMatchObject({ bodies: STRUCTURES, wrong: [], changed: 0 });
    expect(tally.refused).toBeGreaterThan(0.6 * STRUCTURES);
    expect(tally.peakBytes).toBeLessThan(MEMORY_LIMIT);
  },
  TIMEOUT_MS,
);

test(
  `${VALUES} bodies of damaged values (seed ${SEED}) are refused with a code of the source, or hold other values`,
  async () => {
    const tally = await fuzz(VALUES, 'values');
    expect(tally).toMatchObject({ bodies: VALUES, wrong: [] });
    expect(tally.refused).toBeGreaterThan(VALUES / 2);
    expect(tally.peakBytes).toBeLessThan(MEMORY_LIMIT);
  },
  TIMEOUT_MS,
);
