import { test as base } from 'vitest';
import type { Store } from '../../src/store/store.ts';

/** A store that a test has for itself. */
export interface OpenedStore {
  readonly store: Store;
  /** How another process opens it: what `openStore` takes, and the prefix of a view. */
  readonly address: string;
  readonly prefix: string;
  /** Puts small objects there, faster than `put` where there is a way. */
  readonly place: (keys: readonly string[]) => Promise<void>;
  /** How many keys to list. */
  readonly many: number;
  readonly close: () => Promise<void>;
}

/** A test with a store of its own. */
export function storeTest(open: (test: string) => Promise<OpenedStore>) {
  return base.extend<{ opened: OpenedStore; store: Store }>({
    opened: async ({ task }, use) => {
      const opened = await open(task.id);
      await use(opened);
      await opened.close();
    },
    store: ({ opened }, use) => use(opened.store),
  });
}
export type StoreTest = ReturnType<typeof storeTest>;
