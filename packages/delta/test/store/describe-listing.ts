import { describe, expect } from 'vitest';
import type { StoredObject } from '../../src/store/store.ts';
import { collect, keysOf } from './read-store.ts';
import type { StoreTest } from './store-test.ts';

/** In the order of UTF-8 bytes, where UTF-16 has another: the last two. */
const ORDERED = [
  'o/A',
  'o/a!',
  'o/a-b',
  'o/a.b',
  'o/a/b.c',
  'o/a/b/c',
  'o/a0',
  'o/ab',
  'o/ä',
  'o/\uff5e',
  'o/🦆',
];

const padded = (number: number): string => String(number).padStart(5, '0');

/** What a `Store` must do when its objects are listed. */
export function describeListing(name: string, test: StoreTest): void {
  describe(`${name}: listing`, () => {
    test('thousands of keys come in the order of their bytes, from any key on, and none is lost', async ({
      opened,
    }) => {
      const { store, many } = opened;
      const keys = Array.from({ length: many }, (_, index) =>
        index % 10 === 0 ? `many/${padded(index)}/ü${index % 7}` : `many/${padded(index)}`,
      );
      await opened.place(keys.toReversed());
      const listed = await collect(store.list('many/'));
      expect(listed.map(({ key }) => key)).toEqual(keys);
      expect(listed.every(({ size, key }) => size === Buffer.byteLength(key))).toBe(true);
      for (const at of [0.6 * many, many - 2]) {
        const behind = await keysOf(store, 'many/', { startAfter: keys[at] });
        expect(behind).toEqual(keys.slice(at + 1));
      }
      const folder = `many/${padded(many - 10)}`; // no key, but the beginning of one
      expect(await keysOf(store, 'many/', { startAfter: folder })).toEqual(keys.slice(-10));
      expect(await keysOf(store, 'many/', { startAfter: 'many/~' })).toEqual([]);
      expect(await keysOf(store, 'many/0012', { startAfter: 'a' })).toEqual(keys.slice(120, 130));
      expect(await keysOf(store, 'many/99999')).toEqual([]);
      expect(await collect(store.listFolders('many/'))).toHaveLength(many / 10);
    });

    test('keys are ordered by their bytes, whatever they have for folders', async ({ opened }) => {
      const { store } = opened;
      await opened.place(ORDERED.toReversed());
      expect(await keysOf(store, 'o/')).toEqual(ORDERED);
      for (const [index, startAfter] of ORDERED.entries())
        expect(await keysOf(store, 'o/', { startAfter })).toEqual(ORDERED.slice(index + 1));
      expect(await keysOf(store, 'o/', { startAfter: 'o/a/' })).toEqual(ORDERED.slice(4));
      expect(await keysOf(store, 'o/', { startAfter: 'o/a' })).toEqual(ORDERED.slice(1));
    });

    test('a prefix may end inside of a name, at a folder, or be a key', async ({ opened }) => {
      const { store } = opened;
      await opened.place(['p/doc-1/a', 'p/doc-1/b', 'p/doc-10/a', 'p/doc', 'q', 'p.q']);
      expect(await keysOf(store, 'p/doc-1')).toEqual(['p/doc-1/a', 'p/doc-1/b', 'p/doc-10/a']);
      expect(await keysOf(store, 'p/doc-1/')).toEqual(['p/doc-1/a', 'p/doc-1/b']);
      expect(await keysOf(store, 'p/doc-1/b')).toEqual(['p/doc-1/b']);
      expect(await keysOf(store, 'p')).toEqual(['p.q', 'p/doc', 'p/doc-1/a', 'p/doc-1/b', 'p/doc-10/a']);
      expect(await keysOf(store, '')).toHaveLength(6);
      for (const prefix of ['p/doc/', 'p/none', 'none/', 'q/'])
        expect(await keysOf(store, prefix)).toEqual([]);
      expect(await collect(store.listFolders('p/'))).toEqual(['doc-1', 'doc-10']);
      expect(await collect(store.listFolders(''))).toEqual(['p']);
      expect(await collect(store.listFolders('p/', { startAfter: 'p/doc-1/' }))).toEqual(['doc-10']);
      for (const prefix of ['none/', 'q/', 'p/doc/'])
        expect(await collect(store.listFolders(prefix))).toEqual([]);
    });

    test('a listing that is under way sees all that was there, in order, while others come and go', async ({
      opened,
    }) => {
      const { store } = opened;
      const kept = Array.from({ length: 300 }, (_, index) => `busy/${padded(index * 2)}/kept`);
      const leaving = Array.from({ length: 300 }, (_, index) => `busy/${padded(index * 2)}/leaving`);
      await opened.place([...kept, ...leaving]);
      const found: StoredObject[] = [];
      for await (const object of store.list('busy/')) {
        if (found.length % 20 === 0) {
          await opened.place([`busy/${padded(found.length * 2 + 1)}/new`]);
          await store.delete(leaving.splice(0, 20));
        }
        found.push(object);
      }
      const keys = found.map(({ key }) => key);
      expect(keys.filter((key) => key.endsWith('kept'))).toEqual(kept);
      expect(keys).toEqual([...new Set(keys)].toSorted());
    });
  });
}

/** What a `Store` must do when objects are deleted. */
export function describeDeleting(name: string, test: StoreTest): void {
  describe(`${name}: deleting`, () => {
    test('many keys at once, of which some are not there', async ({ opened }) => {
      const { store } = opened;
      const keys = Array.from({ length: 1500 }, (_, index) => `d/${index % 3}/${index}`);
      await opened.place([...keys, 'd/kept', 'e/kept/below']);
      await store.delete([...keys, ...keys.slice(0, 3), 'd/none', 'none/at/all', 'd/kept/below', 'e/kept']);
      expect(await keysOf(store, '')).toEqual(['d/kept', 'e/kept/below']);
      await store.delete([]);
      await store.delete(keys);
      expect(await keysOf(store, '')).toEqual(['d/kept', 'e/kept/below']);
    });
  });
}
