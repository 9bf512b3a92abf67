import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';

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
  const { DuckDBInstance } = await import('@duckdb/node-api'); // 20 MB that most commands start without
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
