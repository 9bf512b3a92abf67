import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { offload, serve } from '../../examples/quickstart/src/commands.ts';
import type { Lake } from './lake.ts';
import { createTable } from './source.ts';
import { typeRows } from './type-columns.ts';

/** A dot, as `schema.table` has one. */
const TABLE = 'my.table';

/** Writes one table with a column of every type into LanceDB, and offloads it as a user would: server, workers, command line. */
export async function offloadTypeTable(folder: string): Promise<Lake> {
  const uri = path.join(folder, 'lancedb');
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await createTable(uri, TABLE, typeRows());
  const server = await serve(uri);
  try {
    const config = `connection: { api_key: \${LANCEDB_API_KEY}, project_name: interop, host: "${server.url}" }\nlake: ./lake\n`;
    await writeFile(path.join(folder, 'offload.yaml'), config);
    await offload(folder, ['run', '--workers', '1']);
  } finally {
    server.stop();
  }
  const readable = await readableFolder(path.join(folder, 'lake', 'tables'), path.join(folder, 'copy'));
  return { title: 'one table of all types', uri, folderOf: () => readable };
}

/**
 * The folder of the only table. delta-kernel-rs, as ClickHouse 26.7 calls it, takes a path for a URL and decodes it, so it
 * cannot open a folder with a percent sign in its name, under any spelling. A Delta table may be moved, so a copy under
 * another name is read in place of such a one.
 */
async function readableFolder(tables: string, copy: string): Promise<string> {
  const [name, ...more] = await readdir(tables);
  if (name === undefined || more.length > 0) throw new Error(`${tables}: one table was expected`);
  if (!name.includes('%')) return path.join(tables, name);
  await cp(path.join(tables, name), copy, { recursive: true });
  return copy;
}
