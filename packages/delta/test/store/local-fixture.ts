import { mkdtempSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base } from 'vitest';
import { SmallDisk } from '../../../../e2e/src/small-disk.ts';
import { LocalStore } from '../../src/store/local-store.ts';

/** A test with a folder of its own, and a local store that is to be made in there, named `lake`. */
export const test = base.extend<{ folder: string; store: LocalStore }>({
  folder: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `core-store-${task.id}-`));
    await use(folder);
    await rm(folder, { recursive: true });
  },
  store: ({ folder }, use) => use(new LocalStore(path.join(folder, 'lake'))),
});

/** A test whose store is on a small disk of its own. */
export const diskTest = test.extend<{ disk: SmallDisk }>({
  disk: async ({ folder }, use) => {
    const disk = await SmallDisk.mount(path.join(folder, 'lake'), 256);
    await use(disk);
    disk.unmount();
  },
});

/** Whether this process may mount a disk. */
export function mayMount(): boolean {
  const folder = mkdtempSync(path.join(tmpdir(), 'core-store-mount-'));
  const possible = SmallDisk.isPossible(folder);
  rmSync(folder, { recursive: true });
  return possible;
}
