import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** What DuckDB may use inside a process that has other work to do. */
export interface DuckDBLimits {
  readonly memory: string;
  readonly threads: number;
  /** Where it spills what does not fit. */
  readonly temporaryFolder: string;
}

/** Limits of a DuckDB beside a worker's pages; `memory` as DuckDB writes it (`256MB`). It spills what does not fit. */
export function duckdbLimits(memory: string): DuckDBLimits {
  return { memory, threads: 2, temporaryFolder: path.join(tmpdir(), `lance-offload-duckdb-${process.pid}`) };
}

/** An SQL identifier, quoted: whatever a table or column is called. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Runs `work` on a DuckDB of its own, closed afterwards. `file` absent means in memory. */
export async function withDuckDB<T>(
  { file = ':memory:', limits }: { readonly file?: string; readonly limits?: DuckDBLimits },
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const settings = limits && {
    memory_limit: limits.memory,
    threads: String(limits.threads),
    temp_directory: limits.temporaryFolder,
  };
  const instance = await DuckDBInstance.create(file, { ...settings, autoinstall_known_extensions: 'false' });
  try {
    const connection = await instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/**
 * Makes a database file. DuckDB takes what follows a `?` in its path for the parameters of a URL, and puts the `.wal` in
 * front of it, where there is no folder (it resolves links first, so none helps): such a file is made elsewhere, and copied.
 */
export async function createDatabase<T>(
  file: string,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  if (!path.resolve(file).includes('?')) return withDuckDB({ file }, work);
  const folder = await mkdtemp(path.join(tmpdir(), 'lance-offload-'));
  try {
    const made = path.join(folder, 'lake.duckdb');
    const result = await withDuckDB({ file: made }, work);
    await copyFile(made, file);
    return result;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
