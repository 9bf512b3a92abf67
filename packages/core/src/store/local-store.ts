import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { asLakeError, hasErrno } from '../errors/system-errors.ts';
import { assertKey, type Body, type ListOptions, type Store, type StoredObject } from './store.ts';

/** Deletions under way at once. */
const AT_ONCE = 16;

/** A name that no listing shows, and that readers of Delta tables ignore: it starts with a dot. */
const temporaryName = (file: string): string => path.join(path.dirname(file), `.${randomUUID()}.tmp`);

/** Also those of earlier releases, which had the file's name in them. */
const isTemporary = (name: string): boolean => name.startsWith('.') && name.endsWith('.tmp');

/** fsync of a folder: its entries survive a crash of the machine. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** In one piece: writeFile() would hand half a megabyte at a time to the thread pool and back. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) written += (await handle.write(bytes, written)).bytesWritten;
}

async function writeSynced(file: string, body: Body): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    if (typeof body === 'string') await writeAll(handle, Buffer.from(body));
    else if (body instanceof Uint8Array) await writeAll(handle, body);
    else for await (const chunk of body) await writeAll(handle, chunk);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Best effort: what made the write fail is what counts, and `deleteUnfinished` finds the rest. */
async function removeTemporary(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/** The entries of a folder in the order of the keys below them: a folder's keys have a `/` behind its name. */
async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries
      .filter(({ name }) => !isTemporary(name))
      .map((entry) => ({ entry, by: Buffer.from(entry.isDirectory() ? `${entry.name}/` : entry.name) }))
      .toSorted((a, b) => Buffer.compare(a.by, b.by))
      .map(({ entry }) => entry);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return [];
    throw asLakeError(error, 'list', folder);
  }
}

const isBehind = (key: string, startAfter: string | undefined): boolean =>
  startAfter === undefined || Buffer.compare(Buffer.from(key), Buffer.from(startAfter)) > 0;

/** Whether keys below a folder can be behind a key. */
const reachesBehind = (folderKey: string, startAfter: string | undefined): boolean =>
  isBehind(folderKey, startAfter) || (startAfter?.startsWith(folderKey) ?? false);

async function statIfAny(file: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    const found = await stat(file);
    return found.isFile() ? found : undefined;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw asLakeError(error, 'read', file);
  }
}

/** A folder of a file system. An object is a file, created by `link()`, which fails where the name is taken. */
export class LocalStore implements Store {
  readonly #root: string;

  /** @param root absolute path of the folder; it is made when something is written. */
  constructor(root: string) {
    this.#root = path.resolve(root);
  }

  async get(key: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    signal?.throwIfAborted();
    const file = this.#pathOf(key);
    try {
      return await readFile(file);
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
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
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return bytes.subarray(0, filled);
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw asLakeError(error, 'read', file);
    }
  }

  async head(key: string, signal?: AbortSignal): Promise<StoredObject | undefined> {
    signal?.throwIfAborted();
    const found = await statIfAny(this.#pathOf(key));
    return found && { key, size: found.size, modifiedMs: found.mtimeMs };
  }

  async *list(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncIterable<StoredObject> {
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
    for (const entry of await entriesOf(path.join(this.#root, folder))) {
      const key = `${folder}${entry.name}`;
      // A link may be one to a folder: tables are put on other disks that way.
      const isFolder =
        entry.isDirectory() || (entry.isSymbolicLink() && !(await statIfAny(path.join(this.#root, key))));
      if (isFolder) {
        const below = `${key}/`;
        if ((below.startsWith(prefix) || prefix.startsWith(below)) && reachesBehind(below, startAfter))
          yield* this.#walk(below, prefix, startAfter, signal);
        continue;
      }
      if (!key.startsWith(prefix) || !isBehind(key, startAfter)) continue;
      const found = await statIfAny(path.join(this.#root, key)); // gone since the folder was read, perhaps
      if (found) yield { key, size: found.size, modifiedMs: found.mtimeMs };
    }
  }

  async *listFolders(prefix: string, { startAfter, signal }: ListOptions = {}): AsyncIterable<string> {
    signal?.throwIfAborted();
    for (const entry of await entriesOf(path.join(this.#root, prefix))) {
      if (entry.isFile() || !isBehind(`${prefix}${entry.name}/`, startAfter)) continue;
      yield entry.name;
    }
  }

  async put(key: string, body: Body, signal?: AbortSignal): Promise<void> {
    const file = this.#pathOf(key);
    const temporary = await this.#write(file, body, 'write', signal);
    try {
      await rename(temporary, file);
      await syncFolder(path.dirname(file));
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
      await syncFolder(path.dirname(file));
      return true;
    } catch (error) {
      if (hasErrno(error, 'EEXIST')) return false;
      throw asLakeError(error, 'create', file);
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
    const folder = path.join(this.#root, prefix.slice(0, prefix.lastIndexOf('/') + 1));
    let removed = 0;
    const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
    for (const { name, parentPath } of entries) {
      if (!isTemporary(name)) continue;
      const file = path.join(parentPath, name);
      const found = await statIfAny(file);
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
    return key === '' || key.startsWith('..') || path.isAbsolute(key) ? undefined : key;
  }

  #pathOf(key: string): string {
    assertKey(key);
    return path.join(this.#root, key);
  }

  /** Writes a body under a temporary name beside its file. Removes it again where that fails. */
  async #write(file: string, body: Body, action: string, signal: AbortSignal | undefined): Promise<string> {
    signal?.throwIfAborted();
    const temporary = temporaryName(file);
    try {
      await mkdir(path.dirname(file), { recursive: true });
      await writeSynced(temporary, body);
      signal?.throwIfAborted();
      return temporary;
    } catch (error) {
      await removeTemporary(temporary);
      throw asLakeError(error, action, file);
    }
  }

  async #remove(file: string): Promise<void> {
    try {
      await rm(file, { force: true });
    } catch (error) {
      throw asLakeError(error, 'delete', file);
    }
  }
}
