import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { OffloadError } from '@lance-offload/base';

/** A new folder for temporary files of this machine's own. */
async function makeScratchFolder(): Promise<string> {
  const place = tmpdir();
  try {
    return await mkdtemp(path.join(place, 'lance-offload-'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new OffloadError(
      'LAKE_UNAVAILABLE',
      `Temporary files of this machine cannot be written to ${place} (${why}); set TMPDIR to a folder that can be written to`,
      { path: place },
      { cause: error },
    );
  }
}

/**
 * A file of this machine's own, outside of any lake, for a program that writes files: its bytes are then read once. Gone
 * afterwards.
 *
 * @param name of the file; what it stands for tells its kind.
 * @param begun what is in it at first; without it there is no file yet.
 * @throws OffloadError `LAKE_UNAVAILABLE` where this machine has no place for it; what `work` throws.
 */
export async function withScratchFile<T>(
  name: string,
  work: (file: string, read: () => AsyncIterable<Uint8Array>) => Promise<T>,
  begun?: Uint8Array,
): Promise<T> {
  const folder = await makeScratchFolder();
  const file = path.join(folder, name);
  try {
    if (begun) await writeFile(file, begun);
    return await work(file, () => createReadStream(file, { highWaterMark: 2 ** 20 }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
