/** An object of a store, as a listing names it. */
export interface StoredObject {
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  /** When it was written, by the store's clock. */
  readonly modifiedMs: number;
}

/** What an object is written from. Chunks are for what should not be held in memory at once. */
export type Body = string | Uint8Array | AsyncIterable<Uint8Array>;

/** Which keys a listing begins behind, and when it ends early. */
export interface ListOptions {
  /** Only keys behind this one, which need not exist. */
  readonly startAfter?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Where a lake is kept. It knows no rename, no lock and no folder, so that a local folder and a bucket can be used alike: an object is
 * there whole or not at all, and `putIfAbsent` is the only thing that two processes can settle anything by.
 *
 * Keys are relative, of one or more names with `/` between them; any name that is not empty, `.` or `..` is one. Every call throws
 * `OffloadError` `LAKE_UNAVAILABLE` with the store's own words, the signal's reason where it was aborted before the object was there, and
 * what a body throws as it is. A write that throws `LAKE_UNAVAILABLE` may have been done all the same.
 */
export interface Store {
  /** The whole of an object; `undefined` where there is none. */
  get(key: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** `length` bytes from `offset` on, fewer where the object ends before; `undefined` where there is none. */
  getRange(
    key: string,
    range: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;
  /** Objects whose keys begin with `prefix`, in the order of their keys' UTF-8 bytes. Those written meanwhile may be missed. */
  list(prefix: string, options?: ListOptions): AsyncIterable<StoredObject>;
  /**
   * The names that follow a prefix that is empty or ends in `/`, up to their next `/`, where there is one: what a folder has for
   * folders, in the order of their keys. One whose objects have all been deleted may still be named.
   */
  listFolders(prefix: string, options?: ListOptions): AsyncIterable<string>;
  /** Writes an object in place of what is there: for hints alone. */
  put(key: string, body: Body, signal?: AbortSignal): Promise<void>;
  /** Writes an object unless there is one. Says whether this call did. */
  putIfAbsent(key: string, body: Body, signal?: AbortSignal): Promise<boolean>;
  /** Deletes objects. Those that are not there do not matter. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
  /** Removes what writes of keys with a prefix have left that were cut off, which no listing shows, where it is older than a time. */
  deleteUnfinished(prefix: string, beforeMs: number, signal?: AbortSignal): Promise<number>;
  /** What an object is called outside of the store: a path or an address. DuckDB opens it; messages show it. */
  locate(key: string): string;
  /** The key of what is called so outside of the store; `undefined` for what is not in it. */
  keyOf(location: string): string | undefined;
}

/**
 * Refuses a key that could leave the store.
 *
 * @throws TypeError which is a defect of the caller.
 */
export function assertKey(key: string): void {
  if (key.split('/').some((name) => name === '' || name === '.' || name === '..') || key.includes('\0'))
    throw new TypeError(`"${key}" is no key`);
}

/**
 * Refuses the beginning of a key that could leave the store.
 *
 * @throws TypeError which is a defect of the caller.
 */
export function assertPrefix(prefix: string): void {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  if (folder !== '') assertKey(folder.slice(0, -1));
  if (prefix.includes('\0')) throw new TypeError(`"${prefix}" is no beginning of a key`);
}
