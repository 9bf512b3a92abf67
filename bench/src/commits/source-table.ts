import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Lancedb from '@lancedb/lancedb';
import type * as Arrow from 'apache-arrow';
import { documentsBody } from '../merge/documents.ts';
import { ROWS, TABLE } from './past-lake.ts';

// LanceDB's client loads Arrow's CommonJS build; tables made by the ESM build are foreign to it.
const require = createRequire(import.meta.url);
const lancedb = require('@lancedb/lancedb') as typeof Lancedb;
const arrow = require('apache-arrow') as typeof Arrow;

/** The table at the source, for `plan` to look at: the rows of the lake's first commit. */
export async function makeSourceTable(uri: string): Promise<void> {
  const marker = path.join(uri, `${TABLE}.complete`);
  if (existsSync(marker)) return;
  await mkdir(uri, { recursive: true });
  const ids = Array.from({ length: ROWS }, (_, id) => id);
  const body = documentsBody({ dimensions: 8, ids, revision: 0, firstRowId: 0 });
  const rows = arrow.tableFromIPC(body);
  const columns = rows.schema.fields.map(({ name }) => name).filter((name) => name !== '_rowid');
  const connection = await lancedb.connect(uri);
  if ((await connection.tableNames()).includes(TABLE)) await connection.dropTable(TABLE);
  (await connection.createTable(TABLE, rows.select(columns))).close();
  connection.close();
  await writeFile(marker, '');
}
