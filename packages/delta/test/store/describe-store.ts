import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { bodyOf, collect, keysOf, textAt } from './read-store.ts';
import { claimFromProcesses } from './other-processes.ts';
import { describeDeleting, describeListing } from './describe-listing.ts';
import { storeTest, type OpenedStore, type StoreTest } from './store-test.ts';

/** Names that mean something to shells, addresses, patterns or file systems, and are nothing but names here. */
const ODD_NAMES = [
  'with space',
  ' leading and trailing ',
  '100%',
  '%2F',
  '%41',
  'a+b',
  'what?',
  'all*',
  '[a-z]',
  'hash#tag',
  `it's "quoted"`,
  'back\\slash',
  'new\nline',
  'semi;colon,comma',
  'key=value',
  'ä-ö-ü',
  'a\u0308-decomposed',
  '日本語',
  '🦆',
  '-dash',
  '~home',
  '.hidden',
  '..two-dots',
  'ends.',
  'Case',
  'case',
  'CASE',
];

const LEAVING = ['', '/', '/a', 'a/', 'a//b', '.', '..', '../a', 'a/../b', 'a/..', './a', 'a/./b', 'a\0b'];

/** A body that says what it is to be: a mixture of two is found out. */
function version(number: number): Uint8Array {
  const body = new Uint8Array(200_000 + number * 1000).fill(number);
  body.set(createHash('sha256').update(body.subarray(32)).digest());
  return body;
}

const isWhole = (read: Uint8Array): boolean =>
  createHash('sha256').update(read.subarray(32)).digest().equals(read.subarray(0, 32));

const THROWN = new Error('the source went away');

/** What a `Store` must do, for whatever is behind it: each implementation is run against this. */
export function describeStore(name: string, open: (test: string) => Promise<OpenedStore>): void {
  const test = storeTest(open);
  describeReading(name, test);
  describeKeys(name, test);
  describeCreating(name, test);
  describeEarlyEnds(name, test);
  describeReplacing(name, test);
  describeListing(name, test);
  describeDeleting(name, test);
}

function describeReading(name: string, test: StoreTest): void {
  describe(`${name}: reading and writing`, () => {
    test('what was written is read back: text, bytes, chunks, and nothing at all', async ({ store }) => {
      const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251);
      const bodies = {
        text: 'Grüße 🦆',
        bytes,
        chunks: bodyOf([bytes.subarray(0, 7), bytes.subarray(7, 7), bytes.subarray(7)]),
        empty: '',
        'no-chunks': bodyOf([]),
        'no-bytes': new Uint8Array(),
      };
      const { chunks, ...others } = bodies;
      await store.put('w/chunks', chunks);
      for (const [key, body] of Object.entries(others))
        expect(await store.putIfAbsent(`w/${key}`, body)).toBe(true);
      expect(await textAt(store, 'w/text')).toBe(bodies.text);
      expect(await store.get('w/bytes')).toEqual(bytes);
      expect(await store.get('w/chunks')).toEqual(bytes);
      for (const key of ['empty', 'no-chunks', 'no-bytes']) {
        expect(await store.get(`w/${key}`)).toEqual(new Uint8Array());
        expect(await store.head(`w/${key}`)).toMatchObject({ key: `w/${key}`, size: 0 });
      }
    });

    test('what is not there is undefined, also where a key ends inside or behind another', async ({
      store,
    }) => {
      await store.put('n/folder/file', 'x');
      for (const key of ['n/none', 'none', 'n/folder', 'n', 'n/folder/file/below', 'n/folder/fil']) {
        expect(await store.get(key)).toBeUndefined();
        expect(await store.getRange(key, { offset: 0, length: 1 })).toBeUndefined();
        expect(await store.head(key)).toBeUndefined();
      }
    });

    test('a range ends where the object does', async ({ store }) => {
      await store.put('r/ten', '0123456789');
      const range = async (offset: number, length: number) =>
        Buffer.from((await store.getRange('r/ten', { offset, length })) ?? 'none').toString();
      expect(await range(0, 10)).toBe('0123456789');
      expect(await range(3, 4)).toBe('3456');
      expect(await range(9, 1)).toBe('9');
      expect(await range(8, 5)).toBe('89');
      expect(await range(0, 2 ** 40)).toBe('0123456789');
      for (const offset of [10, 11, 1000]) expect(await range(offset, 3)).toBe('');
      expect(await range(4, 0)).toBe('');
      await store.put('r/empty', '');
      expect(await store.getRange('r/empty', { offset: 0, length: 5 })).toEqual(new Uint8Array());
    });

    test('head tells size and time; a put moves both', async ({ store }) => {
      const before = Date.now() - 10_000; // clocks differ
      await store.put('h/one', 'four');
      const found = await store.head('h/one');
      expect(found).toMatchObject({ key: 'h/one', size: 4 });
      expect(found?.modifiedMs).toBeGreaterThan(before);
      await store.put('h/one', 'longer than before');
      expect((await store.head('h/one'))?.size).toBe(18);
      expect((await collect(store.list('h/')))[0]).toEqual(await store.head('h/one'));
    });

    test('what reads get does not change when the object does', async ({ store }) => {
      await store.put('m/one', 'before');
      const read = await store.get('m/one');
      await store.put('m/one', 'AFTER!');
      expect(Buffer.from(read ?? '').toString()).toBe('before');
    });
  });
}

function describeKeys(name: string, test: StoreTest): void {
  describe(`${name}: keys`, () => {
    test('odd names are names: each is written, read, listed and deleted by itself', async ({ store }) => {
      const keys = ODD_NAMES.map((odd) => `odd/${odd}/${odd}`);
      for (const key of keys) expect(await store.putIfAbsent(key, key)).toBe(true);
      for (const key of keys) expect(await textAt(store, key)).toBe(key);
      const sorted = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(store, 'odd/')).toEqual(sorted);
      expect((await collect(store.listFolders('odd/'))).toSorted()).toEqual(ODD_NAMES.toSorted());
      for (const key of keys) expect(await keysOf(store, key)).toEqual([key]);
      for (const key of keys) expect(store.keyOf(store.locate(key))).toBe(key);
      await store.delete(keys.filter((_, index) => index % 2 === 0));
      expect(await keysOf(store, 'odd/')).toEqual(sorted.filter((key) => keys.indexOf(key) % 2 === 1));
    });

    test('a key that could leave the store is refused by every operation', async ({ store }) => {
      for (const key of LEAVING) {
        const refused = [
          () => store.get(key),
          () => store.getRange(key, { offset: 0, length: 1 }),
          () => store.head(key),
          () => store.put(key, 'x'),
          () => store.putIfAbsent(key, 'x'),
          () => store.delete([key]),
        ];
        for (const work of refused) await expect((async () => work())()).rejects.toThrow(TypeError);
      }
      for (const prefix of ['/', '/a', '../', 'a/../', './', 'a//']) {
        await expect(collect(store.list(prefix))).rejects.toThrow(TypeError);
        await expect(collect(store.listFolders(prefix))).rejects.toThrow(TypeError);
        await expect((async () => store.deleteUnfinished(prefix, 0))()).rejects.toThrow(TypeError);
      }
      expect(await keysOf(store, '')).toEqual([]);
    });

    test('what is called by an address outside of the store has no key', async ({ store }) => {
      const outside = store.locate('').replace(/\/*$/, '-beside/file');
      for (const location of [outside, 's3://bucket/file', 'https://host/file', '/'])
        expect(store.keyOf(location)).toBeUndefined();
    });
  });
}

function describeCreating(name: string, test: StoreTest): void {
  describe(`${name}: creating`, () => {
    test('of 50 creators of one key just one wins, and what it wrote stands', async ({ store }) => {
      for (let round = 0; round < 3; round++) {
        const key = `claims/${round}`;
        const creators = Array.from({ length: 50 }, (_, index) => `creator ${index}`);
        const won = await Promise.all(
          creators.map(async (text, index) => {
            const body =
              index % 3 === 0 ? bodyOf([Buffer.from(text.slice(0, 3)), Buffer.from(text.slice(3))]) : text;
            return (await store.putIfAbsent(key, body)) ? text : undefined;
          }),
        );
        const winners = won.filter((text) => text !== undefined);
        expect(winners).toHaveLength(1);
        expect(await textAt(store, key)).toBe(winners[0]);
      }
    });

    test('of creators in four processes just one wins each key', async ({ opened }) => {
      const keys = Array.from({ length: 40 }, (_, index) => `shared/${index % 4}/${index}`);
      const won = await claimFromProcesses(4, keys, opened);
      expect(won.flat().toSorted()).toEqual(keys.toSorted());
      for (const [process, winners] of won.entries())
        for (const key of winners) expect(await textAt(opened.store, key)).toBe(`process ${process}`);
    });

    test('an object that is there is left as it is', async ({ store }) => {
      await store.putIfAbsent('there', 'first');
      const before = await store.head('there');
      for (const body of ['second', '', new Uint8Array(9), bodyOf([new Uint8Array(5)])])
        expect(await store.putIfAbsent('there', body)).toBe(false);
      expect(await textAt(store, 'there')).toBe('first');
      expect(await store.head('there')).toEqual(before);
    });

    test('what was deleted can be created again, once', async ({ store }) => {
      await store.putIfAbsent('again', 'one');
      await store.delete(['again']);
      const won = await Promise.all(['two', 'three'].map((text) => store.putIfAbsent('again', text)));
      expect(won.filter(Boolean)).toHaveLength(1);
    });
  });
}

function describeEarlyEnds(name: string, test: StoreTest): void {
  describe(`${name}: writes that end early`, () => {
    const writes = {
      put: (store: Store, ...rest: Parameters<Store['put']>): Promise<unknown> => store.put(...rest),
      putIfAbsent: (store: Store, ...rest: Parameters<Store['put']>): Promise<unknown> =>
        store.putIfAbsent(...rest),
    };
    for (const [operation, write] of Object.entries(writes)) {
      test(`${operation}: a body that throws in its middle leaves nothing, and its own error`, async ({
        store,
      }) => {
        for (const after of [0, 1, 3]) {
          const chunks = Array.from({ length: after }, () => new Uint8Array(100_000));
          await expect(write(store, 'broken/one', bodyOf(chunks, THROWN))).rejects.toBe(THROWN);
          const gone = Object.assign(new Error('no scratch file'), { code: 'ENOENT' });
          await expect(write(store, 'broken/one', bodyOf(chunks, gone))).rejects.toBe(gone);
        }
        expect(await store.get('broken/one')).toBeUndefined();
        expect(await keysOf(store, '')).toEqual([]);
        expect(await store.deleteUnfinished('', Date.now() + 60_000)).toBe(0);
      });

      test(`${operation}: aborted before it begins or in its middle, it leaves nothing`, async ({
        store,
      }) => {
        const reason = new Error('the lock is lost');
        await expect(write(store, 'aborted/one', 'x', AbortSignal.abort(reason))).rejects.toBe(reason);
        const stop = new AbortController();
        async function* chunks(): AsyncGenerator<Uint8Array> {
          yield new Uint8Array(100_000);
          stop.abort(reason);
          yield new Uint8Array(100_000);
          throw new Error('it is read on after the signal');
        }
        await expect(write(store, 'aborted/one', chunks(), stop.signal)).rejects.toBe(reason);
        expect(await store.get('aborted/one')).toBeUndefined();
        expect(await keysOf(store, '')).toEqual([]);
        expect(await store.deleteUnfinished('', Date.now() + 60_000)).toBe(0);
      });
    }

    test('a replacement that fails leaves what was there', async ({ store }) => {
      await store.put('kept', 'before');
      await expect(store.put('kept', bodyOf([Buffer.from('aft')], THROWN))).rejects.toBe(THROWN);
      expect(await textAt(store, 'kept')).toBe('before');
    });

    test('what is under way is neither listed nor in the way, and goes by age alone', async ({ store }) => {
      const gate = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      async function* slow(): AsyncGenerator<Uint8Array> {
        yield Buffer.from('slow');
        begun.resolve();
        await gate.promise;
      }
      const writing = store.putIfAbsent('way/one', slow());
      await begun.promise;
      expect(await store.get('way/one')).toBeUndefined();
      expect(await keysOf(store, '')).toEqual([]);
      expect(await store.deleteUnfinished('', Date.now() - 60_000)).toBe(0);
      expect(await store.putIfAbsent('way/one', 'fast')).toBe(true);
      gate.resolve();
      expect(await writing).toBe(false);
      expect(await textAt(store, 'way/one')).toBe('fast');
    });

    test('every operation asks its signal first', async ({ store }) => {
      const reason = new Error('stopped');
      const signal = AbortSignal.abort(reason);
      await store.put('asked', 'x');
      const works = [
        () => store.get('asked', signal),
        () => store.getRange('asked', { offset: 0, length: 1 }, signal),
        () => store.head('asked', signal),
        () => collect(store.list('', { signal })),
        () => collect(store.listFolders('', { signal })),
        () => store.delete(['asked'], signal),
        () => store.deleteUnfinished('', Date.now(), signal),
      ];
      for (const work of works) await expect((async () => work())()).rejects.toBe(reason);
      expect(await textAt(store, 'asked')).toBe('x');
    });
  });
}

function describeReplacing(name: string, test: StoreTest): void {
  describe(`${name}: replacing`, () => {
    test('readers find one whole or the other, never a part or a mixture', async ({ store }) => {
      await store.put('hint', version(0));
      const stop = new AbortController();
      let reads = 0;
      const reader = async () => {
        while (!stop.signal.aborted) {
          const read = await store.get('hint');
          expect(read && isWhole(read)).toBe(true);
          reads += 1;
          await turn();
        }
      };
      const readers = [reader(), reader()];
      for (let number = 1; number <= 30; number++) {
        const body = version(number);
        await store.put(
          'hint',
          number % 2 ? body : bodyOf([body.subarray(0, 90_000), body.subarray(90_000)]),
        );
      }
      stop.abort();
      await Promise.all(readers);
      expect(reads).toBeGreaterThan(10);
      expect(await store.get('hint')).toEqual(version(30));
    });
  });
}
