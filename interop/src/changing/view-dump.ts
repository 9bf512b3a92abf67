import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { ChangedLake } from './changed-lake.ts';

/** The little of DuckDB used here. It comes from the workspace, as the quickstart's dependency. */
interface DuckDB {
  DuckDBInstance: {
    create(
      file: string,
      options: { access_mode: 'READ_ONLY' },
    ): Promise<{
      connect(): Promise<{
        run(sql: string): Promise<{ getRows(): Promise<unknown[][]> }>;
        closeSync(): void;
      }>;
      closeSync(): void;
    }>;
  };
}

const duckdb: DuckDB = createRequire(new URL('../../../examples/quickstart/package.json', import.meta.url))(
  '@duckdb/node-api',
);

/** A file of what DuckDB sees of a table at a version. */
export type DumpOf = (table: string, version: number) => string;

const copy = (table: string, file: string): string =>
  `COPY (SELECT * FROM "${table}") TO '${file}' (FORMAT parquet)`;

/** `lance-offload query`, which needs no server, and any key; what it prints is not of interest here. */
async function query(folder: string, sql: string, moment: readonly string[]): Promise<void> {
  const child = spawn('lance-offload', ['query', sql, ...moment], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, LANCEDB_API_KEY: 'none' },
  });
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`lance-offload query ended with exit code ${String(code)}`);
}

/** Reads `lake.duckdb` as any user of DuckDB would. */
export async function withViews<T>(
  lake: string,
  use: (query: (sql: string) => Promise<unknown[][]>) => Promise<T>,
): Promise<T> {
  const instance = await duckdb.DuckDBInstance.create(path.join(lake, 'lake.duckdb'), {
    access_mode: 'READ_ONLY',
  });
  const connection = await instance.connect();
  try {
    return await use(async (sql) => (await connection.run(sql)).getRows());
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/**
 * Lets DuckDB write what it sees of every table as Parquet, so that all readers' rows are compared in one form: the latest
 * version through the views of `lake.duckdb`, the older ones through `lance-offload query`, the second one by its time.
 */
export async function dumpViews({ folder, lake, tables }: ChangedLake): Promise<DumpOf> {
  const dumps = path.join(folder, 'dumps');
  await mkdir(dumps, { recursive: true });
  const dumpOf: DumpOf = (table, version) => path.join(dumps, `${table}-${version}.parquet`);
  const [first] = tables;
  const older = first?.versions.slice(0, -1) ?? [];
  for (const { version, atMs } of older) {
    const sql = tables.map(({ script: { name } }) => copy(name, dumpOf(name, version)));
    const moment =
      version === 1 ? ['--timestamp', new Date(atMs).toISOString()] : ['--version', String(version)];
    await query(folder, sql.join('; '), moment);
  }
  await withViews(lake, async (run) => {
    for (const { script, versions } of tables)
      await run(copy(script.name, dumpOf(script.name, versions.length - 1)));
  });
  return dumpOf;
}
