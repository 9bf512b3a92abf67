import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** What DuckDB may use inside a process that has other work to do. */
export interface DuckDBLimits {
  readonly memory: string;
  readonly threads: number;
  /** Where it spills what does not fit. */
  readonly temporaryFolder: string;
}

/** An SQL identifier, quoted: whatever a table or column is called. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * `read_parquet` over just these files, whatever characters their paths hold: nothing in them is a pattern, and a folder
 * named `key=value` is no column.
 */
export function parquetFiles(
  files: readonly string[],
  options: { readonly filename?: boolean; readonly unionByName?: boolean } = {},
): string {
  const list = files.map((file) => quoteText(file.replaceAll(/[*?[]/g, '[$&]'))).join(', ');
  const { filename = false, unionByName = false } = options;
  return `read_parquet([${list}], hive_partitioning := false, filename := ${filename}, union_by_name := ${unionByName})`;
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
