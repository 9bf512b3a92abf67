import { expect } from 'vitest';
import { test } from './stop-test.ts';

const TIMEOUT_MS = 600_000;

/** Nobody else is there: the part is played again. */
const ALONE = { before: [], after: [] } as const;

test(
  'a worker that is killed after any operation of its pages is followed by another one, with no row lost and none twice',
  { timeout: TIMEOUT_MS },
  async ({ underWay }) => {
    const { problems, halts } = await underWay(
      { mode: 'SCD_TYPE_1', progress: 'planned' },
      { part: 'stage', signal: 'SIGKILL', meanwhile: ALONE, ends: ['published'] },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(12);
  },
);

test(
  'a producer that is killed after any operation of its opening of a run is followed by another one, which opens the run or takes it up',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: [] },
      {
        part: 'start',
        signal: 'SIGKILL',
        meanwhile: ALONE,
        finally: ['start', 'plan', 'stage', 'commit'],
        ends: ['published'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(4);
  },
);

test(
  'a producer that is killed after any operation of its planning is followed by another one, from the same plan where there is one',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: ['start'] },
      {
        part: 'plan',
        signal: 'SIGKILL',
        meanwhile: ALONE,
        finally: ['plan', 'stage', 'commit'],
        ends: ['published'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(6);
  },
);

test(
  'a run over an unchanged table that is killed after any of its operations appends nothing, whoever goes on with it',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: false, done: ['start'] },
      {
        part: 'plan',
        signal: 'SIGKILL',
        meanwhile: ALONE,
        finally: ['plan', 'stage', 'commit'],
        ends: ['unchanged'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(6);
  },
);
