import { createRequire } from 'node:module';
import type { Batch } from './checksums.ts';

/** The little of LanceDB's client used here. It comes from the workspace, as the quickstart's dependency: see README.md. */
interface LanceDB {
  connect(uri: string): Promise<{
    tableNames(): Promise<string[]>;
    createTable(name: string, data: unknown): Promise<{ close(): void }>;
    openTable(
      name: string,
    ): Promise<{ query(): AsyncIterable<Batch>; countRows(): Promise<number>; close(): void }>;
    close(): void;
  }>;
}

const lancedb: LanceDB = createRequire(new URL('../../examples/quickstart/package.json', import.meta.url))(
  '@lancedb/lancedb',
);

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
