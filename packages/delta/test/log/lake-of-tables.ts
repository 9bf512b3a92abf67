import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test as base } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import { StoreView } from '../../src/store/store-view.ts';
import type { Store } from '../../src/store/store.ts';

/** Tables by their names. */
interface LakeOfTables {
  readonly table: (name: string) => Store;
}

/** A test with a lake of its own. */
export const test = base.extend<{ lake: LakeOfTables }>({
  lake: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `delta-lake-${task.id}-`));
    const store = openStore(path.join(folder, 'lake'));
    await use({ table: (name) => new StoreView(store, { prefix: `tables/${name}/` }) });
    await rm(folder, { recursive: true });
  },
});
