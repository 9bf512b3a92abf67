import { expect } from 'vitest';
import { isSoak } from '../../../base/test/soak.ts';
import { test } from './stop-test.ts';
import { MODES } from './under-way.ts';

const TIMEOUT_MS = 600_000;

for (const { mode, progress } of [
  ...MODES.map((any) => ({ mode: any, progress: 'staged' as const })),
  { mode: 'SCD_TYPE_2' as const, progress: 'decided' as const },
])
  test(
    `a cancel of a run that is ${progress} under ${mode}, which stands still at any of its operations while the run is committed or cancelled, changes nothing when it wakes up`,
    { timeout: TIMEOUT_MS },
    async ({ underWay }) => {
      const meanwhile = { before: ['commit'], after: ['cancel'] } as const;
      const { problems, halts } = await underWay({ mode, progress }, { part: 'cancel', meanwhile });
      expect(problems).toEqual([]);
      expect(halts).toBeGreaterThanOrEqual(14);
    },
  );

test(
  'a producer that stands still at any operation of its opening of a run, while others open and publish one, opens none beside it',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: [] },
      {
        part: 'start',
        meanwhile: { before: ['start'], after: ['start', 'plan', 'stage', 'commit'] },
        finally: ['plan', 'stage', 'commit'],
        ends: ['published'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(8);
  },
);

test(
  'a producer that stands still at any operation of its planning, while another one plans the run from a later version or cancels it, changes no plan',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: ['start'] },
      {
        part: 'plan',
        meanwhile: { before: ['plan', 'stage', 'commit'], after: ['cancel'] },
        finally: ['plan', 'stage', 'commit'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(10);
  },
);

test(
  'a housekeeping that stands still at any of its operations, while a run is published or stays open, takes nothing that anybody needs',
  { timeout: TIMEOUT_MS },
  async ({ underWay }) => {
    const meanwhile = { before: ['commit'], after: [] } as const;
    const { problems, halts } = await underWay(
      { mode: 'SCD_TYPE_2', progress: 'staged' },
      { part: 'collect', meanwhile, moments: ['before'], ends: ['published'] },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(20);
  },
);

test(
  'a housekeeping that stands still at any of its operations, while a run is opened and staged or published, takes nothing of it',
  { timeout: TIMEOUT_MS },
  async ({ next }) => {
    const { problems, halts } = await next(
      { changed: true, done: [] },
      {
        part: 'collect',
        meanwhile: { before: ['start', 'plan', 'stage'], after: ['start', 'plan', 'stage', 'commit'] },
        moments: isSoak ? ['before', 'after'] : ['after'],
        finally: ['plan', 'stage', 'commit'],
        ends: ['published'],
      },
    );
    expect(problems).toEqual([]);
    expect(halts).toBeGreaterThanOrEqual(20);
  },
);
