import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, stat, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { asLakeError, hasErrno } from '@lance-offload/base';
import type { Body } from './store.ts';

/** Bytes that a temporary name takes of the name it is for: file systems allow 255 in all. */
const NAME_BYTES = 200;

/** The beginning of a text that takes no more than so many bytes. */
function cut(text: string, bytes: number): string {
  let kept = '';
  let used = 0;
  for (const character of text) {
    used += Buffer.byteLength(character);
    if (used > bytes) break;
    kept += character;
  }
  return kept;
}

/**
 * What a file is called while it is being written: beside its place, under a name that no listing shows and that readers of
 * Delta tables ignore, because it starts with a dot.
 */
export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `.${cut(path.basename(file), NAME_BYTES)}.${randomUUID()}.tmp`);
}

/** Also those of earlier releases, which may lack one of the parts. */
export const isTemporary = (name: string): boolean => name.startsWith('.') && name.endsWith('.tmp');

/** fsync of a folder: its entries survive a crash of the machine. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!hasErrno(error, 'EINVAL', 'ENOTSUP')) throw error; // some file systems have no fsync of folders
  } finally {
    await handle.close();
  }
}

/** Whether a folder is there now because this call made it. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * Makes a folder with those above it. Node's `recursive` does the same, and says ENOENT where the file system is read-only.
 *
 * @returns the topmost one that it made.
 */
export async function makeFolders(folder: string): Promise<string | undefined> {
  try {
    return (await makeFolder(folder)) ? folder : undefined;
  } catch (error) {
    if (!hasErrno(error, 'ENOENT') || path.dirname(folder) === folder) throw error;
  }
  const above = await makeFolders(path.dirname(folder));
  const made = await makeFolder(folder);
  return above ?? (made ? folder : undefined);
}

/** In one piece: writeFile() would hand half a megabyte at a time to the thread pool and back. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) written += (await handle.write(bytes, written)).bytesWritten;
}

async function* chunksOf(body: Body): AsyncGenerator<Uint8Array> {
  if (typeof body === 'string') yield Buffer.from(body);
  else if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/**
 * Writes a file that was opened for it, syncs it and closes it.
 *
 * @param target what it is to become, for messages.
 * @throws OffloadError `LAKE_UNAVAILABLE`; what the body throws, as it is; the signal's reason.
 */
export async function writeSynced(
  handle: FileHandle,
  body: Body,
  { verb, target, signal }: { verb: string; target: string; signal: AbortSignal | undefined },
): Promise<void> {
  const inLake = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw asLakeError(error, verb, target);
    }
  };
  try {
    for await (const chunk of chunksOf(body)) {
      signal?.throwIfAborted();
      await inLake(writeAll(handle, chunk));
    }
    await inLake(handle.sync());
  } finally {
    await handle.close();
  }
}

export interface FileFacts {
  readonly size: number;
  readonly mtimeMs: number;
  readonly isFolder: boolean;
}

/** What a name stands for, behind links; `undefined` for what is not there, or is neither a file nor a folder. */
export async function factsOf(file: string): Promise<FileFacts | undefined> {
  try {
    const found = await stat(file);
    const { size, mtimeMs } = found;
    return found.isFile() || found.isDirectory()
      ? { size, mtimeMs, isFolder: found.isDirectory() }
      : undefined;
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw asLakeError(error, 'read', file);
  }
}

export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What is in a folder. A link to a folder is one: tables are put on other disks that way. Nothing is in what is none. */
export async function readFolder(folder: string): Promise<FolderEntry[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const links = entries.filter((entry) => entry.isSymbolicLink());
    const facts = await Promise.all(links.map(({ name }) => factsOf(path.join(folder, name))));
    const linked = new Set(links.flatMap(({ name }, index) => (facts[index]?.isFolder ? [name] : [])));
    return entries.map((entry) => ({
      name: entry.name,
      isFolder: entry.isDirectory() || linked.has(entry.name),
    }));
  } catch (error) {
    if (hasErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw asLakeError(error, 'list', folder);
  }
}

/** Entries in the order of the keys below them: a folder's keys have a `/` behind its name. Temporary files are left out. */
export function inKeyOrder(entries: readonly FolderEntry[]): FolderEntry[] {
  return entries
    .filter(({ name }) => !isTemporary(name))
    .map((entry) => ({ entry, by: Buffer.from(entry.isFolder ? `${entry.name}/` : entry.name) }))
    .toSorted((a, b) => Buffer.compare(a.by, b.by))
    .map(({ entry }) => entry);
}
