import {
  mkdir,
  mkdtemp,
  open,
  readdir,
  readlink,
  rm,
  rmdir,
  symlink,
  utimes,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, vi } from 'vitest';
import { LocalStore } from '../../src/store/local-store.ts';
import { StoreView } from '../../src/store/store-view.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { describeStore } from './describe-store.ts';
import { test } from './local-fixture.ts';
import { collect, keysOf, textAt } from './read-store.ts';
import type { OpenedStore } from './store-test.ts';

async function openLocal(prefix: string, many: number): Promise<OpenedStore> {
  const folder = await mkdtemp(path.join(tmpdir(), 'core-store-'));
  const root = path.join(folder, 'the lake');
  const local = new LocalStore(root);
  return {
    store: prefix === '' ? local : new StoreView(local, { prefix }),
    address: root,
    prefix,
    many,
    place: async (keys) => {
      const files = keys.map((key) => path.join(root, prefix, key));
      for (const parent of new Set(files.map((file) => path.dirname(file))))
        await mkdir(parent, { recursive: true });
      for (let start = 0; start < keys.length; start += 100) {
        const some = keys.slice(start, start + 100);
        await Promise.all(some.map((key, index) => writeFile(files[start + index] ?? '', key)));
      }
    },
    close: () => rm(folder, { recursive: true }),
  };
}

describeStore('LocalStore', () => openLocal('', 10_000));
describeStore('StoreView', () => openLocal('tables/a %41 ü/', 1000));

/** A file as it was that many milliseconds ago. */
async function aged(file: string, ms: number): Promise<void> {
  const then = (Date.now() - ms) / 1000;
  await utimes(file, then, then);
}

test('a view shows nothing from beside its prefix, and ends with its signal', async ({ store }) => {
  const stop = new AbortController();
  const view = new StoreView(store, { prefix: 'a/', signal: stop.signal });
  await store.put('a/one', '1');
  await store.put('ab/two', '2');
  await store.put('b', '3');
  expect(await keysOf(view, '')).toEqual(['one']);
  expect(view.keyOf(store.locate('a/one'))).toBe('one');
  expect(view.keyOf(store.locate('ab/two'))).toBeUndefined();
  await expect((async () => view.get('../b'))()).rejects.toThrow(TypeError);
  const reason = new Error('the lock is lost');
  stop.abort(reason);
  await expect(view.put('one', 'changed')).rejects.toBe(reason);
  await expect(collect(view.list(''))).rejects.toBe(reason);
  await expect(view.delete(['one'], new AbortController().signal)).rejects.toBe(reason);
  expect(await textAt(store, 'a/one')).toBe('1');
});

test('unfinished files go by age and prefix, those of earlier releases too', async ({ folder, store }) => {
  const lake = path.join(folder, 'lake');
  const temporary = [
    '.lake.duckdb.0f.tmp',
    't/.5e.tmp',
    't/data/.page-000001.parquet.1c.tmp',
    't/data/.new.tmp',
    'u/.x.tmp',
  ];
  await store.put('t/data/page', 'x');
  await store.put('u/page', 'x');
  for (const file of temporary) {
    await writeFile(path.join(lake, file), '');
    if (!file.includes('new')) await aged(path.join(lake, file), 7_200_000);
  }
  await aged(path.join(lake, 't/data/page'), 7_200_000);
  const hourAgo = Date.now() - 3_600_000;
  expect(await keysOf(store, '')).toEqual(['t/data/page', 'u/page']);
  expect(await store.deleteUnfinished('t/', hourAgo)).toBe(2);
  expect(await store.deleteUnfinished('lake.duckdb', hourAgo)).toBe(1);
  expect(await store.deleteUnfinished('', hourAgo)).toBe(1);
  expect(await store.deleteUnfinished('none/', hourAgo)).toBe(0);
  expect(await readdir(path.join(lake, 't/data'))).toEqual(['.new.tmp', 'page']);
  expect(await keysOf(store, '')).toEqual(['t/data/page', 'u/page']);
});

test('what a killed writer leaves says what it was to become, within 255 bytes', async ({
  folder,
  store,
}) => {
  for (const name of ['hint', 'ü'.repeat(127)]) {
    let seen: string[] = [];
    async function* chunks(): AsyncGenerator<Uint8Array> {
      seen = await readdir(path.join(folder, 'lake'));
      yield new Uint8Array(1);
    }
    await store.put(name, chunks());
    expect(seen.find((file) => file.startsWith('.'))).toMatch(
      new RegExp(`^\\.${name.slice(0, 100)}.*\\.tmp$`),
    );
  }
});

test('a name that unfinished files have is refused, because nobody would see it', async ({ store }) => {
  for (const key of ['.a.tmp', 'a/.b.tmp', '.a.tmp/b'])
    await expect(store.put(key, 'x')).rejects.toThrow(/is the name of an unfinished file/);
});

test('folders on other disks are folders: their keys are listed in order, and their unfinished files go', async ({
  folder,
  store,
}) => {
  const elsewhere = path.join(folder, 'elsewhere');
  await mkdir(elsewhere);
  await store.put('t/a.b', 'x');
  await symlink(elsewhere, path.join(folder, 'lake/t/a'));
  await symlink(path.join(folder, 'nowhere'), path.join(folder, 'lake/t/unmounted'));
  await writeFile(path.join(folder, 'beside'), 'linked');
  await symlink(path.join(folder, 'beside'), path.join(folder, 'lake/t/file'));
  expect(await store.putIfAbsent('t/a/c', 'x')).toBe(true);
  await writeFile(path.join(elsewhere, '.c.1.tmp'), '');
  await aged(path.join(elsewhere, '.c.1.tmp'), 10_000);
  expect(await keysOf(store, 't/')).toEqual(['t/a.b', 't/a/c', 't/file']);
  expect(await collect(store.listFolders('t/'))).toEqual(['a']);
  expect(await store.deleteUnfinished('', Date.now() - 5000)).toBe(1);
  await expectRejection(
    store.put('t/unmounted/c', 'x'),
    'LAKE_UNAVAILABLE',
    /Could not write .*unmounted\/c/,
  );
});

test('writers and whoever removes empty folders do not get in each other’s way', async ({
  folder,
  store,
}) => {
  const stop = new AbortController();
  let removed = 0;
  const remover = async () => {
    while (!stop.signal.aborted) {
      await turn();
      for (const name of ['x/y', 'x']) {
        const gone = await rmdir(path.join(folder, 'lake', name)).then(
          () => 1,
          () => 0, // it is in use, or not there
        );
        removed += gone;
      }
    }
  };
  const done = remover();
  for (let round = 0; round < 40; round++) {
    expect(await store.putIfAbsent('x/y/claim', 'x')).toBe(true);
    await store.delete(['x/y/claim']);
  }
  stop.abort();
  await done;
  expect(removed).toBeGreaterThan(10);
});

test('a write is on the disk with the names of all folders it is in', async ({ folder, store }) => {
  const handle = await open(folder, 'r');
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  const synced: string[] = [];
  const sync: FileHandle['sync'] = Reflect.get(prototype, 'sync');
  const spy = vi.spyOn(prototype, 'sync').mockImplementation(async function record(this: FileHandle) {
    synced.push(path.relative(folder, await readlink(`/proc/self/fd/${this.fd}`)));
    return sync.call(this);
  });
  const syncedBy = async (work: Promise<unknown>): Promise<Set<string>> => {
    synced.length = 0;
    await work;
    return new Set(synced.map((file) => file.replace(/\.[^/]*\.tmp$/, 'TEMPORARY')));
  };
  try {
    expect(await syncedBy(store.putIfAbsent('a/b/one', 'x'))).toEqual(
      new Set(['lake/a/b/TEMPORARY', 'lake/a/b', 'lake/a', 'lake', '']),
    );
    expect(await syncedBy(store.put('a/b/one', 'y'))).toEqual(new Set(['lake/a/b/TEMPORARY', 'lake/a/b']));
    // Made by somebody else, who may not have got that far.
    await mkdir(path.join(folder, 'lake/c/d'), { recursive: true });
    expect(await syncedBy(store.putIfAbsent('c/d/one', 'x'))).toEqual(
      new Set(['lake/c/d/TEMPORARY', 'lake/c/d', 'lake/c', 'lake']),
    );
    await rm(path.join(folder, 'lake/a'), { recursive: true });
    expect(await syncedBy(store.put('a/b/one', 'z'))).toEqual(
      new Set(['lake/a/b/TEMPORARY', 'lake/a/b', 'lake/a', 'lake']),
    );
  } finally {
    spy.mockRestore();
    await handle.close();
  }
});

test('a file in the place of a folder, and a folder in that of a file, are told', async ({
  folder,
  store,
}) => {
  await store.put('a', 'x');
  await store.put('f/x', 'x');
  for (const write of ['put', 'putIfAbsent'] as const) {
    await expectRejection(
      store[write]('a/b/c', 'x'),
      'LAKE_UNAVAILABLE',
      /Could not (write|create) .*lake\/a\/b\/c: /,
    );
    await expectRejection(store[write]('a/b', 'x'), 'LAKE_UNAVAILABLE', /a part of the path is not a folder/);
    await expectRejection(store[write]('f', 'x'), 'LAKE_UNAVAILABLE', /a folder has this name/);
  }
  expect(await readdir(path.join(folder, 'lake'))).toEqual(['a', 'f']);
});

test('a name that is too long is told', async ({ store }) => {
  for (const key of ['x'.repeat(256), `${'y'.repeat(300)}/x`])
    await expectRejection(
      store.put(key, 'x'),
      'LAKE_UNAVAILABLE',
      /the name is too long for the file system/,
    );
});
