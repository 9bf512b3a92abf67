import type { ListOptions, Store } from '../../src/store/store.ts';

/** Everything an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The keys with a prefix, as a listing has them. */
export async function keysOf(store: Store, prefix: string, options?: ListOptions): Promise<string[]> {
  return (await collect(store.list(prefix, options))).map(({ key }) => key);
}

export async function textAt(store: Store, key: string): Promise<string | undefined> {
  const bytes = await store.get(key);
  return bytes && Buffer.from(bytes).toString();
}

/** A body in chunks, which may end with an error. */
export async function* bodyOf(chunks: readonly Uint8Array[], error?: Error): AsyncGenerator<Uint8Array> {
  yield* chunks;
  if (error) throw error;
}
