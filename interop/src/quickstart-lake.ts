import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Lake } from './lake.ts';

/** Runs the quickstart in a folder of its own, so that one in use elsewhere in this checkout is neither read nor disturbed. */
export async function runQuickstart(folder: string): Promise<Lake> {
  await mkdir(folder, { recursive: true });
  const main = path.resolve(import.meta.dirname, '../../examples/quickstart/src/main.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main], {
    cwd: folder,
    stdio: 'inherit',
  });
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`the quickstart ended with exit code ${String(code)}`);
  const made = path.join(folder, '.quickstart');
  return {
    title: 'the quickstart',
    uri: path.join(made, 'lancedb'),
    folderOf: (table) => path.join(made, 'lake', 'tables', table),
  };
}
