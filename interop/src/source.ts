import { createRequire } from 'node:module';
import type { Batch } from './checksums.ts';

/** An open table, or the little of it used here. */
interface LanceTable {
  query(): AsyncIterable<Batch>;
  countRows(): Promise<number>;
  add(data: unknown): Promise<unknown>;
  delete(where: string): Promise<unknown>;
  mergeInsert(on: readonly string[]): MergeInsert;
  addColumns(field: unknown): Promise<unknown>;
  alterColumns(changes: readonly { path: string; dataType: unknown }[]): Promise<unknown>;
  close(): void;
}

interface MergeInsert {
  whenMatchedUpdateAll(): MergeInsert;
  whenNotMatchedInsertAll(): MergeInsert;
  execute(data: unknown): Promise<unknown>;
}

interface Connection {
  tableNames(): Promise<string[]>;
  createTable(name: string, data: unknown, options?: { mode: 'create' | 'overwrite' }): Promise<LanceTable>;
  openTable(name: string): Promise<LanceTable>;
  close(): void;
}

/** LanceDB's client comes from the workspace, as the quickstart's dependency: see README.md. */
const lancedb: { connect(uri: string): Promise<Connection> } = createRequire(
  new URL('../../examples/quickstart/package.json', import.meta.url),
)('@lancedb/lancedb');

/** A folder of LanceDB tables, opened by the embedded engine. */
export function connectSource(uri: string): Promise<Connection> {
  return lancedb.connect(uri);
}

/** A table as the embedded engine gives it: no server, no REST, none of the product's code. */
export interface SourceTable {
  readonly name: string;
  readonly rows: number;
  readonly batches: AsyncIterable<Batch>;
}

/** Calls `use` with each table of a folder, one after the other. */
export async function eachSourceTable(
  uri: string,
  use: (table: SourceTable) => Promise<void>,
): Promise<void> {
  const connection = await lancedb.connect(uri);
  try {
    for (const name of await connection.tableNames()) {
      const table = await connection.openTable(name);
      await use({ name, rows: await table.countRows(), batches: table.query() });
      table.close();
    }
  } finally {
    connection.close();
  }
}

/** Makes a table of one Arrow table. */
export async function createTable(uri: string, name: string, rows: unknown): Promise<void> {
  const connection = await lancedb.connect(uri);
  const table = await connection.createTable(name, rows);
  table.close();
  connection.close();
}
