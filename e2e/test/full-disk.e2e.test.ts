import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { test as base } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import { SmallDisk } from '../src/small-disk.ts';

const DISK_KIB = 8192;
const FREE_KIB = 512;
const ROWS = 20_000;

const test = base.extend<{ disk: SmallDisk }>({
  disk: async ({ world }, use) => {
    const disk = await SmallDisk.mount(path.join(world.folder, 'lake'), DISK_KIB);
    await use(disk);
    disk.unmount();
  },
});

function mayMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'offload-e2e-mount-'));
  const possible = SmallDisk.isPossible(folder);
  rmSync(folder, { recursive: true });
  return possible;
}

// Where nothing may be mounted there is no disk to fill, and so no test.
if (mayMount()) {
  test('a full disk fails pages with LAKE_UNAVAILABLE, publishes nothing, and once there is space a retry finishes', async ({
    world,
    disk,
  }) => {
    const items = await world.items('items', ROWS);
    await world.serve({ connection: { max_retries: 1 }, tables: { items: { batch_size: 1000 } } });
    await disk.fill(DISK_KIB - FREE_KIB);
    await world.worker();

    const full = await world.offload('run');
    expect(full.code).toBe(1);
    expect(full.out).toContain('[LAKE_UNAVAILABLE]');
    expect(full.out).toContain('the disk is full');
    const run = await world.lake.openRun('items');
    const status = await world.ask<RunStatus>('status', run.runId);
    expect(status.state).toBe('blocked');
    expect(new Set(status.failures.map(({ code }) => code))).toEqual(new Set(['LAKE_UNAVAILABLE']));
    expect(await world.lake.tables()).toEqual([]);

    await disk.makeSpace();
    expect((await world.offload('retry', run.runId)).code).toBe(0);
    expect(await world.lake.ended(run)).toMatchObject({
      state: 'published',
      verified: true,
      lakeRows: ROWS,
      pages: 20,
    });
    expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  });
}
