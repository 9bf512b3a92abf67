import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, test, vi } from 'vitest';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { withScratchFile } from '../../src/store/scratch.ts';

test('a machine without a place for temporary files says which place that is, and how to name another', async () => {
  vi.stubEnv('TMPDIR', '/nowhere/at/all');
  try {
    const error = await expectRejection(
      withScratchFile('x', async () => undefined),
      'LAKE_UNAVAILABLE',
    );
    expect(error.message).toMatch(/\/nowhere\/at\/all.*ENOENT.*set TMPDIR/);
  } finally {
    vi.unstubAllEnvs();
  }
});

test('a temporary file and its folder are gone afterwards', async () => {
  const folder = await withScratchFile('x', async (file) => path.dirname(file), new Uint8Array(3));
  expect(existsSync(folder)).toBe(false);
});
