// What an upsert costs that rewrites files: DuckDB copies each file that holds a changed row, with the new rows in place
// of the old ones, in a process of its own.
import { mkdir, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { cpuSeconds, peakMemory } from '../processes.ts';
import { openLake, readSnapshot, withDuckDB } from './core.ts';

const [lake = '', destination = '', runId = '', output = ''] = process.argv.slice(2);

/**
 * DuckDB at its best, of what was tried on files of vectors: files side by side rather than threads inside one, which
 * take a quarter more CPU time; row groups with which it takes as long as with larger ones, and half the memory; more
 * memory than it asks for. Levels of Zstandard, the size of dictionaries and NOT IN for ANTI JOIN make no difference.
 */
const LANES = 2;
const LIMITS = { memory: '4GB', threads: 1, temporaryFolder: path.join(output, 'spilled') };
const ROW_GROUP_ROWS = 2048;

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const listed = (files: readonly string[]): string => `[${files.map(quoted).join(', ')}]`;

async function sync(file: string): Promise<void> {
  const handle = await open(file, 'r');
  await handle.sync();
  await handle.close();
}

interface Rewritten {
  readonly files: readonly string[];
  readonly syncSeconds: number;
}

/** Rewrites those of the files that hold a key of `pages`, one after the other. */
async function rewriteFiles(files: readonly string[], pages: readonly string[]): Promise<Rewritten> {
  if (files.length === 0) return { files: [], syncSeconds: 0 };
  return withDuckDB({ limits: LIMITS }, async (connection) => {
    await connection.run(`CREATE TABLE changed AS
      SELECT page.*, lake.filename AS file FROM read_parquet(${listed(pages)}) page
      JOIN (SELECT id, filename FROM read_parquet(${listed(files)}, filename := true)) lake USING (id)`);
    const touched = await connection.runAndReadAll('SELECT DISTINCT file FROM changed');
    const written: string[] = [];
    let syncMs = 0;
    for (const [file = ''] of touched.getRows().map((row) => row.map(String))) {
      const rewritten = path.join(output, path.basename(file));
      const here = `FROM changed WHERE file = ${quoted(file)}`;
      await connection.run(`COPY (
        SELECT * FROM read_parquet(${quoted(file)}) ANTI JOIN (SELECT id ${here}) USING (id)
        UNION ALL SELECT * EXCLUDE (file) ${here}
      ) TO ${quoted(rewritten)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROW_GROUP_ROWS})`);
      const copied = performance.now();
      await sync(rewritten);
      syncMs += performance.now() - copied;
      written.push(rewritten);
    }
    return { files: written, syncSeconds: syncMs / 1000 };
  });
}

/** Rows in the rewritten files, and how many of them are the run's. */
async function countRows(files: readonly string[]): Promise<{ rows: number; replaced: number }> {
  return withDuckDB({ limits: LIMITS }, async (connection) => {
    const result = await connection.runAndReadAll(
      `SELECT count(*), count(*) FILTER (_run_id = ${quoted(runId)}) FROM read_parquet(${listed(files)})`,
    );
    const [rows, replaced] = result.getRows()[0] ?? [];
    return { rows: Number(rows), replaced: Number(replaced) };
  });
}

await mkdir(output, { recursive: true });
const cpuBefore = cpuSeconds();
const started = performance.now();
const table = openLake(lake).table(destination);
const folder = table.locate('');
const files = (await readSnapshot(table))?.files.map((file) => path.join(folder, file.path)) ?? [];
const staged = path.join(folder, 'data', runId);
const pages = (await readdir(staged)).map((name) => path.join(staged, name));
const lanes = Array.from({ length: LANES }, (_, lane) => files.filter((__, index) => index % LANES === lane));
const done = await Promise.all(lanes.map((some) => rewriteFiles(some, pages)));
await sync(output);
const seconds = (performance.now() - started) / 1000;
const measured = { seconds, cpuSeconds: cpuSeconds() - cpuBefore, peakBytes: peakMemory(process.pid) };
const written = done.flatMap((lane) => lane.files);
process.stdout.write(
  JSON.stringify({
    ...measured,
    files: written.length,
    syncSeconds: Math.max(...done.map(({ syncSeconds }) => syncSeconds)),
    ...(await countRows(written)),
  }),
);
