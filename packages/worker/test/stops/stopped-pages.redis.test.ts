import { expect } from 'vitest';
import { test } from './stop-test.ts';
import { MODES } from './under-way.ts';

const TIMEOUT_MS = 600_000;

for (const mode of MODES)
  test(
    `a worker that stands still at any operation of its pages under ${mode}, while others stage and publish them or cancel the run, changes nothing when it wakes up`,
    { timeout: TIMEOUT_MS },
    async ({ underWay }) => {
      const meanwhile = { before: ['stage', 'commit'], after: ['cancel'] } as const;
      const { problems, halts } = await underWay({ mode, progress: 'planned' }, { part: 'stage', meanwhile });
      expect(problems).toEqual([]);
      expect(halts).toBeGreaterThanOrEqual(24);
    },
  );
