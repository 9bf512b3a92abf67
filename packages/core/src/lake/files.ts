import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { asLakeError, hasErrno } from '../errors/system-errors.ts';

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A name in the same folder that readers of Delta tables ignore (it starts with a dot). */
export function temporaryName(file: string): string {
  return path.join(path.dirname(file), `.${path.basename(file)}.${randomUUID()}.tmp`);
}

async function writeSynced(file: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(file, 'wx');
  try {
    // In one piece: writeFile() would hand half a megabyte at a time to the thread pool and back.
    let written = 0;
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    while (written < bytes.byteLength) written += (await handle.write(bytes, written)).bytesWritten;
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Best effort: what made the write fail is what counts, and readers ignore the file. */
async function removeTemporary(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => undefined);
}

/**
 * Writes a file so that it is there whole or not at all, and survives a crash of the machine: temporary name, fsync,
 * rename, fsync of the folder.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function writeFileAtomic(file: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeSynced(temporary, content);
    await rename(temporary, file);
    await syncFolder(path.dirname(file));
  } catch (error) {
    await removeTemporary(temporary);
    throw asLakeError(error, 'write', file);
  }
}

/**
 * Creates a file only if it is absent, whole or not at all: `link()` fails where the name is taken.
 *
 * @returns whether this call created it.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function createFileAtomic(file: string, content: string): Promise<boolean> {
  const temporary = temporaryName(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writeSynced(temporary, content);
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

/** The text of a file, or `undefined` where there is none. */
export async function readFileIfAny(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return undefined;
    throw asLakeError(error, 'read', file);
  }
}
