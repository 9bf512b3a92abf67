import { expect } from 'vitest';
import { isSoak } from '../../../base/test/soak.ts';
import { test } from './stop-test.ts';

const TIMEOUT_MS = 600_000;

/** Whoever comes second finds what the first one did. */
const SAYS = /^(?:published|cancelled)$/;

const BOTH = ['before', 'after'] as const;

// Between two operations there is one gap. In a soak it is stood still in with either partner; in the suite, in one mode with each.
for (const [mode, moments, least] of [
  ['SCD_TYPE_1', isSoak ? BOTH : (['after'] as const), 45],
  ['SCD_TYPE_2', isSoak ? BOTH : (['before'] as const), 45],
] as const)
  test(
    `a commit under ${mode} that stands still at any of its operations, while another one is made or the run is cancelled, changes nothing when it wakes up`,
    { timeout: TIMEOUT_MS },
    async ({ underWay }) => {
      const meanwhile = { before: ['commit'], after: ['cancel'] } as const;
      const { problems, halts } = await underWay(
        { mode, progress: 'staged' },
        { part: 'commit', meanwhile, moments, says: SAYS },
      );
      expect(problems).toEqual([]);
      expect(halts).toBeGreaterThanOrEqual(least);
    },
  );

test(
  'a commit under APPEND_ONLY, of rows that nothing tells from those the lake has, which stands still at any of its operations while another one is made or the run is cancelled, appends them once or never',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: ['start', 'plan', 'stage'] },
      { part: 'commit', meanwhile: { before: ['commit'], after: ['cancel'] }, says: SAYS },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(60);
  },
);
