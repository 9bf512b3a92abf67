import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

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

async function createInstance(file: string, limits: DuckDBLimits | undefined): Promise<DuckDBInstance> {
  const { DuckDBInstance: Instance } = await import('@duckdb/node-api'); // 20 MB that most commands start without
  return Instance.create(file, {
    ...(limits && {
      memory_limit: limits.memory,
      threads: String(limits.threads),
      temp_directory: limits.temporaryFolder,
    }),
    autoinstall_known_extensions: 'false',
    enable_external_file_cache: 'false', // an audit reads what the disk has
  });
}

/** How long an instance that nobody uses is kept. A commit uses several, one after the other, and is not alone. */
const KEEP_IDLE_MS = 5000;

/** An instance in memory that waits for its next use, by its limits. Making one takes 13 ms of CPU time, and a commit uses three. */
const idle = new Map<string, { readonly instance: DuckDBInstance; readonly timer: NodeJS.Timeout }>();

function takeIdle(key: string): DuckDBInstance | undefined {
  const found = idle.get(key);
  clearTimeout(found?.timer);
  idle.delete(key);
  return found?.instance;
}

function keepIdle(key: string, instance: DuckDBInstance): void {
  if (idle.has(key)) {
    instance.closeSync();
    return;
  }
  const timer = setTimeout(() => takeIdle(key)?.closeSync(), KEEP_IDLE_MS).unref();
  idle.set(key, { instance, timer });
}

async function withConnection<T>(
  instance: DuckDBInstance,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const connection = await instance.connect();
  try {
    return await work(connection);
  } finally {
    connection.closeSync();
  }
}

/** Other databases than the one of its own: attached by what was done, and not let go. */
const LEFT =
  "SELECT 1 FROM duckdb_databases() WHERE NOT internal AND database_name NOT IN ('memory', 'work')";

/** In a database of its own within an instance that is used again, unless anything went wrong or was left in it. */
async function inMemory<T>(
  limits: DuckDBLimits | undefined,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const key = JSON.stringify(limits ?? null);
  const instance = takeIdle(key) ?? (await createInstance(':memory:', limits));
  let isFit = false;
  try {
    return await withConnection(instance, async (connection) => {
      await connection.run("ATTACH ':memory:' AS work");
      await connection.run('USE work');
      const done = await work(connection);
      await connection.run('USE memory');
      await connection.run('DETACH work');
      isFit = (await connection.runAndReadAll(LEFT)).currentRowCount === 0;
      return done;
    });
  } finally {
    if (isFit) keepIdle(key, instance);
    else instance.closeSync();
  }
}

/** Runs `work` on an empty database of its own, gone afterwards. `file` absent means in memory. */
export async function withDuckDB<T>(
  { file, limits }: { readonly file?: string; readonly limits?: DuckDBLimits },
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  if (file === undefined) return inMemory(limits, work);
  const instance = await createInstance(file, limits);
  try {
    return await withConnection(instance, work);
  } finally {
    instance.closeSync();
  }
}
