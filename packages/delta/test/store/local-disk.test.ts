import { execFileSync } from 'node:child_process';
import { expect } from 'vitest';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { diskTest as test, mayMount } from './local-fixture.ts';
import { bodyOf, textAt } from './read-store.ts';

// Where nothing may be mounted there is no disk to fill, and root may write everywhere.
if (mayMount()) {
  test('a full disk is told, leaves nothing, and harms nothing', async ({ store, disk }) => {
    await store.put('hint', 'before');
    await disk.fill(200);
    for (const write of ['put', 'putIfAbsent'] as const) {
      const large =
        write === 'put'
          ? new Uint8Array(300_000)
          : bodyOf([new Uint8Array(150_000), new Uint8Array(150_000)]);
      const error = await expectRejection(
        store[write]('hint', large),
        'LAKE_UNAVAILABLE',
        /lake\/hint: the disk is full/,
      );
      expect(error.details).toEqual({ path: store.locate('hint') });
    }
    expect(await textAt(store, 'hint')).toBe('before');
    expect(await store.deleteUnfinished('', Date.now() + 60_000)).toBe(0);
    await disk.makeSpace();
    await store.put('hint', 'after');
    expect(await textAt(store, 'hint')).toBe('after');
  });

  test('a read-only file system is told by whatever writes; reading goes on', async ({ store, disk }) => {
    await store.put('a/one', 'x');
    execFileSync('mount', ['-o', 'remount,ro', disk.folder]);
    const writes = [
      () => store.put('a/one', 'y'),
      () => store.putIfAbsent('a/two', 'y'),
      () => store.putIfAbsent('b/c/two', 'y'),
      () => store.delete(['a/one']),
    ];
    for (const write of writes)
      await expectRejection(write(), 'LAKE_UNAVAILABLE', /the file system is read-only/);
    expect(await textAt(store, 'a/one')).toBe('x');
  });
}
