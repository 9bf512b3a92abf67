import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { asLakeError, hasErrno } from '../errors/system-errors.ts';

/** fsync of a file or a folder. */
async function syncPath(target: string): Promise<void> {
  const handle = await open(target, 'r');
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
    await syncPath(path.dirname(file));
  } catch (error) {
    await removeTemporary(temporary);
    throw asLakeError(error, 'write', file);
  }
}

/**
 * Puts a written and synced file into its place, unless one is there: `link()` fails where the name is taken. The
 * temporary name is gone afterwards, either way.
 *
 * @returns whether this call put it there.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
async function place(temporary: string, file: string): Promise<boolean> {
  try {
    await link(temporary, file);
    await syncPath(path.dirname(file));
    return true;
  } catch (error) {
    if (hasErrno(error, 'EEXIST')) return false;
    throw asLakeError(error, 'create', file);
  } finally {
    await removeTemporary(temporary);
  }
}

/**
 * Creates a file only if it is absent, whole or not at all.
 *
 * @returns whether this call created it.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function createFileAtomic(file: string, content: string | Uint8Array): Promise<boolean> {
  return createFileWith(file, (temporary) => writeFile(temporary, content));
}

/**
 * The same for a file that something else writes: `write` gets the temporary name.
 *
 * @returns whether this call created it.
 */
export async function createFileWith(
  file: string,
  write: (temporary: string) => Promise<unknown>,
): Promise<boolean> {
  const temporary = temporaryName(file);
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await write(temporary);
    await syncPath(temporary);
  } catch (error) {
    await removeTemporary(temporary);
    throw asLakeError(error, 'create', file);
  }
  return place(temporary, file);
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
