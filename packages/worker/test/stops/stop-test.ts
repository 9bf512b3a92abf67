import { inject, test as base } from 'vitest';
import type { RunRequest } from '@lance-offload/fleet';
import type { Staging } from '@lance-offload/core';
import { STORIES } from '../../../core/test/merge/stories.ts';
import { KeptLake } from './kept-lake.ts';
import { PARTS, type Part, type Scene } from './parts.ts';
import { Player } from './player.ts';
import { seenRows } from './seen-lake.ts';
import { servePeople, type ServedPeople } from './served-people.ts';
import { tryHalts, type Findings, type Trial } from './try-halts.ts';
import { makeUnderWay, type Mode, type Progress } from './under-way.ts';

type Played = Pick<Trial, 'part' | 'meanwhile'> &
  Partial<Pick<Trial, 'signal' | 'says' | 'moments' | 'finally' | 'ends'>>;

interface Stage {
  /** Halts a part of a run that is under way in a lake of this mode. */
  readonly underWay: (
    progress: { readonly mode: Mode; readonly progress: Progress },
    played: Played,
  ) => Promise<Findings>;
  /** Halts a part of a run of a table that was offloaded once, and has a new version or has not. */
  readonly next: (
    source: { readonly changed: boolean; readonly done: readonly Part[] },
    played: Played,
  ) => Promise<Findings>;
}

const PLAYED = {
  signal: 'SIGSTOP',
  says: /^(?:opened|adopted|planned|staged|ended|published|cancelled|collected)\b|^\[RUN_(?:CLOSED|OPEN)\]/,
  finally: ['stage', 'commit'],
  ends: ['published', 'cancelled'],
} as const satisfies Partial<Trial>;

let scenes = 0;

/** A scene with queues of its own. */
function newScene(sourceUrl: string, { runId }: { readonly runId: string }): Scene {
  scenes += 1;
  const request: RunRequest = {
    table: 'documents',
    destination: 'documents',
    source: sourceUrl,
    options: { ingestion_type: 'APPEND_ONLY', batch_size: 4 },
  };
  return {
    runId,
    destination: 'documents',
    sourceUrl,
    redisUrl: `${inject('redisUrl')}/3`,
    prefix: `{stops-${process.pid}-${scenes}}`,
    request,
  };
}

async function play(parts: readonly Part[], scene: Scene, staging: Staging): Promise<string> {
  for (const part of parts) {
    const opening = await staging.lastOpening(scene.destination);
    await PARTS[part]({ ...scene, runId: opening?.runId ?? '' }, staging);
  }
  return (await seenRows(staging, scene.destination)).log;
}

const WHOLE_RUN = ['start', 'plan', 'stage', 'commit'] as const satisfies readonly Part[];

async function tryNext(
  { changed, done }: Parameters<Stage['next']>[0],
  played: Played,
  served: ServedPeople,
  player: Player,
): Promise<Findings> {
  let runId = '';
  let without = '';
  const scene = () => newScene(served.url, { runId });
  const lake = await KeptLake.make(async (staging) => {
    without = await play(WHOLE_RUN, scene(), staging);
    if (changed) served.version += 1;
    await play(done, scene(), staging);
    if (done.length > 0) runId = (await staging.lastOpening('documents'))?.runId ?? '';
  });
  try {
    const rest = WHOLE_RUN.slice(done.length);
    const published = changed ? await play(rest, scene(), await lake.reset()) : without;
    served.moves = changed;
    return await tryHalts({ ...PLAYED, ...played, lake, rows: { without, published }, scene }, player);
  } finally {
    await lake.close();
  }
}

/** A test with a process that all tests of a file share. */
const withPlayer = base.extend<{ $file: { player: Player } }>({
  player: [
    // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
    async ({}, use) => {
      const player = new Player();
      await use(player);
      await player.close();
    },
    { scope: 'file' },
  ],
});

/** A test that halts parts of runs wherever they can be. */
export const test = withPlayer.extend<Stage & { served: ServedPeople }>({
  // oxlint-disable-next-line no-empty-pattern -- as above
  served: async ({}, use) => {
    const served = await servePeople(STORIES.APPEND_ONLY().killed.people);
    await use(served);
    served.close();
  },
  underWay: async ({ player, served }, use) => {
    await use(async ({ mode, progress }, played) => {
      const { lake, run, rows } = await makeUnderWay(mode, progress);
      served.people = run.people;
      try {
        const scene = () => newScene(served.url, run.plan);
        return await tryHalts({ ...PLAYED, ...played, lake, rows, scene }, player);
      } finally {
        await lake.close();
      }
    });
  },
  next: async ({ player, served }, use) => {
    await use((source, played) => tryNext(source, played, served, player));
  },
});
