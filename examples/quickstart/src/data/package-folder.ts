import { createRequire } from 'node:module';
import path from 'node:path';

const { resolve } = createRequire(import.meta.url);

/** Where an installed npm package lies; the data packages are read as files, so that no code of theirs runs. */
export function packageFolder(name: string): string {
  return path.dirname(resolve(`${name}/package.json`));
}
