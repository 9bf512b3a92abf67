import { link, open, readFile, rename, unlink, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { OffloadError, asLakeError, hasErrno } from '@lance-offload/base';
import {
  factsOf,
  inKeyOrder,
  isTemporary,
  makeFolders,
  readFolder,
  syncFolder,
  temporaryName,
  writeSynced,
} from './local-files.ts';
import {
  assertKey,
  assertPrefix,
  type Body,
  type ListOptions,
  type Store,
  type StoredObject,
} from './store.ts';

/** Deletions under way at once. */
const AT_ONCE = 16;

/** Files that a listing looks at at once. */
const FILES_AT_ONCE = 64;

/** Folders that are known to be on the disk; more are looked at again. */
const FOLDERS_KNOWN = 10_000;

/** Times that a folder is made anew where somebody removes it before a file is in it. */
const FOLDER_TRIES = 20;

/** Reading what is no object: nothing is there, or a folder is. */
const NO_OBJECT = ['ENOENT', 'ENOTDIR', 'EISDIR'];

/** Best effort: what made the write fail is what counts, and `deleteUnfinished` finds the rest. */
async function removeTemporary(file: string): Promise<void> {
  await unlink(file).catch(() => undefined);
}

/** Texts without have the order of their UTF-8 bytes, and need not be encoded to be compared. */
const SURROGATE = /[\uD800-\uDFFF]/;

function isBehind(key: string, startAfter: string | undefined): boolean {
  if (startAfter === undefined) return true;
  if (!SURROGATE.test(key) && !SURROGATE.test(startAfter)) return key > startAfter;
  return Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0;
}

/** Whether keys below a folder can be behind a key. */
const reachesBehind = (folderKey: string, startAfter: string | undefined): boolean =>
  isBehind(folderKey, startAfter) || (startAfter?.startsWith(folderKey) ?? false);

const isAtOrBelow = (folder: string, top: string): boolean =>
  folder === top || folder.startsWith(`${top}${path.sep}`);

/** Whether a folder can have keys that begin with a prefix. */
const mayHold = (folderKey: string, prefix: string): boolean =>
  folderKey.startsWith(prefix) || prefix.startsWith(folderKey);

/**
 * A folder of a file system. An object is a file, created by `link()`, which fails where the name is taken. Names that begin with a dot and
 * end in `.tmp` are those of files being written, and no keys. A key cannot be a folder of other keys.
 */
export class LocalStore implements Store {
  readonly #root: string;
  /** Folders below the root whose names, up to the root's, are known to survive a crash. */
  readonly #onDisk = new Set<string>();

  /** @param root absolute path of the folder; it is made when something is written. */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    signal?.throwIfAborted();
    const file = this.#pathOf(key);
    try {
      const { buffer, byteOffset, byteLength } = await readFile(file);
      return new Uint8Array(buffer, byteOffset, byteLength);
    } catch (error) {
      if (hasErrno(error, ...NO_OBJECT)) return undefined;
      throw asLakeError(error, 'read', file);
    }
  }

  async getRange(
    key: string,
    { offset, length }: { readonly offset: number; readonly length: number },
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    signal?.throwIfAborted();
    const file = this.#pathOf(key);
    try {
      const handle = await open(file, 'r');
      try {
        const { size } = await handle.stat();
        const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
        let filled = 0;
        while (filled < bytes.byteLength) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.byteLength - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (hasErrno(error, ...NO_OBJECT)) return undefined;
      throw asLakeError(error, 'read', file);
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    signal?.throwIfAborted();
    const found = await factsOf(this.#pathOf(key));
    if (!found || found.isFolder) return undefined;
    return { key, size: found.size, modifiedMs: found.mtimeMs };
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncIterable<StoredObject> {
    assertPrefix(prefix);
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    yield* this.#walk(folder, prefix, startAfter, signal);
  }

  async *#walk(
    folder: string,
    prefix: string,
    startAfter: string | undefined,
    signal: AbortSignal | undefined,
  ): AsyncIterable<StoredObject> {
    signal?.throwIfAborted();
    const entries = (await readFolder(path.join(this.#root, folder))).filter(({ name, isFolder }) => {
      const key = `${folder}${name}`;
      if (!isFolder) return key.startsWith(prefix) && isBehind(key, startAfter);
      return mayHold(`${key}/`, prefix) && reachesBehind(`${key}/`, startAfter);
    });
    let files: string[] = [];
    let group = 1; // who wants the first one only does not wait for many
    for (const { name, isFolder } of inKeyOrder(entries)) {
      const key = `${folder}${name}`;
      if (!isFolder) files.push(key);
      if (isFolder || files.length === group) {
        yield* await this.#heads(files, signal);
        files = [];
        group = Math.min(2 * group, FILES_AT_ONCE);
      }
      if (isFolder) yield* this.#walk(`${key}/`, prefix, startAfter, signal);
    }
    yield* await this.#heads(files, signal);
  }

  /** Those of some objects that are still there. */
  async #heads(keys: readonly string[], signal: AbortSignal | undefined): Promise<StoredObject[]> {
    const found = await Promise.all(keys.map((key) => this.head(key, signal)));
    return found.filter((object) => object !== undefined);
  }

  async *listFolders(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncIterable<string> {
    assertPrefix(prefix);
    if (prefix !== '' && !prefix.endsWith('/')) throw new TypeError(`"${prefix}" does not end in "/"`);
    signal?.throwIfAborted();
    for (const { name, isFolder } of inKeyOrder(await readFolder(path.join(this.#root, prefix))))
      if (isFolder && isBehind(`${prefix}${name}/`, startAfter)) yield name;
  }

  async put(key: string, body: Body, signal?: AbortSignal): Promise<void> {
    const file = this.#pathOf(key);
    const temporary = await this.#write(file, body, 'write', signal);
    try {
      await rename(temporary, file);
      await this.#sync(path.dirname(file));
    } catch (error) {
      await removeTemporary(temporary);
      throw asLakeError(error, 'write', file);
    }
  }

  async putIfAbsent(key: string, body: Body, signal?: AbortSignal): Promise<boolean> {
    const file = this.#pathOf(key);
    const temporary = await this.#write(file, body, 'create', signal);
    try {
      await link(temporary, file);
      await this.#sync(path.dirname(file));
      return true;
    } catch (error) {
      if (!hasErrno(error, 'EEXIST')) throw asLakeError(error, 'create', file);
      if (!(await factsOf(file))?.isFolder) return false;
      throw new OffloadError('LAKE_UNAVAILABLE', `Could not create ${file}: a folder has this name`, {
        path: file,
      });
    } finally {
      await removeTemporary(temporary);
    }
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let start = 0; start < keys.length; start += AT_ONCE) {
      signal?.throwIfAborted();
      await Promise.all(keys.slice(start, start + AT_ONCE).map((key) => this.#remove(this.#pathOf(key))));
    }
  }

  async deleteUnfinished(prefix: string, beforeMs: number, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    assertPrefix(prefix);
    return this.#removeUnfinished(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, beforeMs, signal);
  }

  async #removeUnfinished(
    folder: string,
    prefix: string,
    beforeMs: number,
    signal: AbortSignal | undefined,
  ): Promise<number> {
    signal?.throwIfAborted();
    let removed = 0;
    for (const { name, isFolder } of await readFolder(path.join(this.#root, folder))) {
      const below = `${folder}${name}/`;
      if (isFolder) {
        if (mayHold(below, prefix)) removed += await this.#removeUnfinished(below, prefix, beforeMs, signal);
        continue;
      }
      // Behind its dot it has the name that it is written for.
      if (!isTemporary(name) || !`${folder}${name.slice(1)}`.startsWith(prefix)) continue;
      const file = path.join(this.#root, folder, name);
      const found = await factsOf(file);
      if (!found || found.mtimeMs >= beforeMs) continue;
      await this.#remove(file);
      removed += 1;
    }
    return removed;
  }

  locate(key: string): string {
    return path.join(this.#root, key);
  }

  keyOf(location: string): string | undefined {
    const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(location)?.[1]?.toLowerCase();
    if (scheme !== undefined && scheme !== 'file') return undefined;
    let file = location;
    try {
      if (scheme === 'file') file = fileURLToPath(location);
    } catch {
      return undefined; // a file of another host
    }
    const key = path.relative(this.#root, path.resolve(this.#root, file));
    return key === '' || key === '..' || key.startsWith('../') ? undefined : key;
  }

  #pathOf(key: string): string {
    assertKey(key);
    if (key.split('/').some(isTemporary)) throw new TypeError(`"${key}" is the name of an unfinished file`);
    return path.join(this.#root, key);
  }

  /** Writes a body under a temporary name beside its file. Removes it again where that fails. */
  async #write(file: string, body: Body, verb: string, signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted();
    const temporary = temporaryName(file);
    try {
      const handle = await this.#create(temporary, file, verb);
      await writeSynced(handle, body, { verb, target: file, signal });
      signal?.throwIfAborted();
      return temporary;
    } catch (error) {
      await removeTemporary(temporary);
      throw error;
    }
  }

  /** Opens a new file, in a folder that is made where it is missing, and again where somebody removes it in between. */
  async #create(temporary: string, file: string, verb: string): Promise<FileHandle> {
    for (let tries = 1; ; tries++) {
      try {
        return await open(temporary, 'wx');
      } catch (error) {
        if (tries === FOLDER_TRIES || !hasErrno(error, 'ENOENT')) throw asLakeError(error, verb, file);
      }
      try {
        const made = await makeFolders(path.dirname(file));
        if (made !== undefined) await this.#madeFolders(made);
      } catch (error) {
        if (!hasErrno(error, 'ENOENT')) throw asLakeError(error, verb, file);
      }
    }
  }

  /** A folder was made, and perhaps some below it. */
  async #madeFolders(made: string): Promise<void> {
    for (const known of this.#onDisk) if (isAtOrBelow(known, made)) this.#onDisk.delete(known);
    for (let folder = this.#root; isAtOrBelow(folder, made); folder = path.dirname(folder))
      await syncFolder(path.dirname(folder));
  }

  /** A file's name in its folder, and the names of the folders it is in, survive a crash of the machine. */
  async #sync(folder: string): Promise<void> {
    await syncFolder(folder);
    for (let name = folder; name !== this.#root && !this.#onDisk.has(name); name = path.dirname(name)) {
      await syncFolder(path.dirname(name));
      if (this.#onDisk.size >= FOLDERS_KNOWN) this.#onDisk.clear();
      this.#onDisk.add(name);
    }
  }

  async #remove(file: string): Promise<void> {
    try {
      await unlink(file);
    } catch (error) {
      if (!hasErrno(error, ...NO_OBJECT)) throw asLakeError(error, 'delete', file);
    }
  }
}
