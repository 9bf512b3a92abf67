import { expect } from 'vitest';
import { test } from './stop-test.ts';
import { MODES } from './under-way.ts';

const TIMEOUT_MS = 600_000;

for (const mode of MODES)
  test(
    `a commit under ${mode} that stands still at any of its operations, while another one is made or the run is cancelled, changes nothing when it wakes up`,
    { timeout: TIMEOUT_MS },
    async ({ underWay }) => {
      const meanwhile = { before: ['commit'], after: ['cancel'] } as const;
      const { problems, halts } = await underWay({ mode, progress: 'staged' }, { part: 'commit', meanwhile });
      expect(problems).toEqual([]);
      expect(halts).toBeGreaterThanOrEqual(60);
    },
  );
