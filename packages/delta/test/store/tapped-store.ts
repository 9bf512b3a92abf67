import type { Store } from '../../src/store/store.ts';

/** An operation of a store, before it is done. */
export interface Operation {
  readonly name: Exclude<keyof Store, 'locate' | 'keyOf'>;
  /** Its key or prefix; the first one of several. */
  readonly key: string;
}

/** A store that asks before each operation: what `before` throws is what the operation throws, and it may take its time. */
export function tapStore(store: Store, before: (operation: Operation) => unknown): Store {
  const listed = <T>(
    name: 'list' | 'listFolders',
    list: (...rest: Parameters<Store['list']>) => AsyncIterable<T>,
  ) =>
    async function* tapped(...rest: Parameters<Store['list']>): AsyncGenerator<T> {
      await before({ name, key: rest[0] });
      yield* list(...rest);
    };
  const done =
    <A extends readonly unknown[], T>(name: Operation['name'], work: (...rest: A) => Promise<T>) =>
    async (...rest: A): Promise<T> => {
      const [keys] = rest as readonly unknown[];
      await before({ name, key: String(Array.isArray(keys) ? keys[0] : keys) });
      return work(...rest);
    };
  return {
    get: done('get', (...rest) => store.get(...rest)),
    getRange: done('getRange', (...rest) => store.getRange(...rest)),
    head: done('head', (...rest) => store.head(...rest)),
    list: listed('list', (...rest) => store.list(...rest)),
    listFolders: listed('listFolders', (...rest) => store.listFolders(...rest)),
    put: done('put', (...rest) => store.put(...rest)),
    putIfAbsent: done('putIfAbsent', (...rest) => store.putIfAbsent(...rest)),
    delete: done('delete', (...rest) => store.delete(...rest)),
    deleteUnfinished: done('deleteUnfinished', (...rest) => store.deleteUnfinished(...rest)),
    locate: (key) => store.locate(key),
    keyOf: (location) => store.keyOf(location),
  };
}
