import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { feedRun, publishFeed, withLake, type Feed } from '../../core/test/merge/feeds.ts';
import { FAULTS } from '../src/verdict.ts';
import { randomRuns, sized } from '../../base/test/soak.ts';
import { compareLake, kindsOf, sourceOf } from './compared-lake.ts';

/** Runs that read everything, and look for deletes or do not. */
const completeRun = feedRun.map((run) => ({
  ...run,
  deletes: run.deletes === 'none' ? ('none' as const) : ('snapshot' as const),
}));

const MODES = [
  { ingestionType: 'SCD_TYPE_1' },
  { ingestionType: 'SCD_TYPE_2' },
  { ingestionType: 'SCD_TYPE_1', sequenceBy: null },
  { ingestionType: 'SCD_TYPE_2', sequenceBy: null },
  { ingestionType: 'APPEND_ONLY', primaryKeys: [], sequenceBy: null },
] as const;

test(
  'after any number of runs, and whatever they read, the lake agrees with what the last one read',
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(completeRun, { minLength: 1, maxLength: 3 }),
        fc.constantFrom(...MODES),
        async (runs, mode) => {
          const appends = mode.ingestionType === 'APPEND_ONLY';
          const feed: Feed = runs.map((run) => ({ ...run, deletes: appends ? 'none' : run.deletes }));
          const findings = await withLake(async (staging) => {
            await publishFeed(staging, feed, { ...mode, primaryKeys: appends ? [] : ['id'] });
            return compareLake(staging, sourceOf(feed.at(-1)?.rows ?? []));
          });
          const faults = FAULTS.filter((fault) => findings[fault].count > 0);
          expect({ faults, findings: kindsOf(findings) }).toMatchObject({ faults: [] });
        },
      ),
      randomRuns(12, 1000),
    );
  },
  sized(600_000, 4 * 3_600_000),
);
