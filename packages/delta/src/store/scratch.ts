import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * A file of this machine's own, outside of any lake, for a program that writes files: its bytes are then read once. Gone
 * afterwards.
 *
 * @param name of the file; what it stands for tells its kind.
 * @param begun what is in it at first; without it there is no file yet.
 */
export async function withScratchFile<T>(
  name: string,
  work: (file: string, read: () => AsyncIterable<Uint8Array>) => Promise<T>,
  begun?: Uint8Array,
): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lance-offload-'));
  const file = path.join(folder, name);
  try {
    if (begun) await writeFile(file, begun);
    return await work(file, () => createReadStream(file, { highWaterMark: 2 ** 20 }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
