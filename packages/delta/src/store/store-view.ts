import type { Body, ListOptions, Store, StoredObject } from './store.ts';

/** Either signal, or both. */
function either(a: AbortSignal | undefined, b: AbortSignal | undefined): AbortSignal | undefined {
  return a && b ? AbortSignal.any([a, b]) : (a ?? b);
}

/** A part of a store: the keys behind a prefix, as if there were no others; until a signal says stop. */
export class StoreView implements Store {
  readonly #store: Store;
  /** Empty, or ends in `/`. */
  readonly #prefix: string;
  readonly #signal: AbortSignal | undefined;

  constructor(
    store: Store,
    { prefix = '', signal }: { readonly prefix?: string; readonly signal?: AbortSignal },
  ) {
    this.#store = store;
    this.#prefix = prefix;
    this.#signal = signal;
  }

  /** Which keys of which store a view shows: the same for each view of them, whatever its signal. */
  static placeOf(store: Store): { readonly root: Store; readonly prefix: string } {
    if (!(#store in store)) return { root: store, prefix: '' };
    const { root, prefix } = StoreView.placeOf(store.#store);
    return { root, prefix: prefix + store.#prefix };
  }

  get(key: string, signal?: AbortSignal): ReturnType<Store['get']> {
    return this.#store.get(this.#prefix + key, either(this.#signal, signal));
  }

  getRange(
    key: string,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): ReturnType<Store['getRange']> {
    return this.#store.getRange(this.#prefix + key, range, either(this.#signal, signal));
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    const found = await this.#store.head(this.#prefix + key, either(this.#signal, signal));
    return found && { ...found, key };
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncIterable<StoredObject> {
    for await (const found of this.#store.list(this.#prefix + prefix, this.#below(options)))
      yield { ...found, key: found.key.slice(this.#prefix.length) };
  }

  listFolders(prefix: string, options: ListOptions = {}): AsyncIterable<string> {
    return this.#store.listFolders(this.#prefix + prefix, this.#below(options));
  }

  put(key: string, body: Body, signal?: AbortSignal): Promise<void> {
    return this.#store.put(this.#prefix + key, body, either(this.#signal, signal));
  }

  putIfAbsent(key: string, body: Body, signal?: AbortSignal): Promise<boolean> {
    return this.#store.putIfAbsent(this.#prefix + key, body, either(this.#signal, signal));
  }

  delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    return this.#store.delete(
      keys.map((key) => this.#prefix + key),
      either(this.#signal, signal),
    );
  }

  deleteUnfinished(prefix: string, beforeMs: number, signal?: AbortSignal): Promise<number> {
    return this.#store.deleteUnfinished(this.#prefix + prefix, beforeMs, either(this.#signal, signal));
  }

  locate(key: string): string {
    return this.#store.locate(this.#prefix + key);
  }

  keyOf(location: string): string | undefined {
    const key = this.#store.keyOf(location);
    return key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : undefined;
  }

  #below({ startAfter, signal }: ListOptions): ListOptions {
    return {
      ...(startAfter !== undefined && { startAfter: this.#prefix + startAfter }),
      signal: either(this.#signal, signal),
    };
  }
}
