import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { hash } from 'node:crypto';

/** Every file below a folder, by its path relative to it; none where there is no folder. */
export async function readFiles(folder: string): Promise<Map<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
  const contents = await Promise.all(
    files.map(async (file) => [path.relative(folder, file), await readFile(file)] as const),
  );
  return new Map(contents);
}

/** What tells whether anything below a folder has changed. */
export async function fingerprint(folder: string): Promise<Record<string, string>> {
  const files = await readFiles(folder);
  return Object.fromEntries([...files].map(([name, bytes]) => [name, hash('sha256', bytes)]));
}
