import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { connect, type Connection } from '@lancedb/lancedb';
import { toArrow } from './columns.ts';
import { TABLES, type TableSource } from './tables.ts';

/** Rows written at a time: what bounds the memory, and the size of a fragment in LanceDB. */
const BATCH_ROWS = 10_000;

/** Written last, so that a folder with it is complete. LanceDB lists only folders that end in `.lance`. */
const MARKER = 'seeded.json';

/** To be raised with any change of the tables, so that a folder seeded before is seeded again. */
const REVISION = 1;

export type SeededTable = { table: string; rows: number };

type Marker = { revision: number; tables: SeededTable[] };

/**
 * Fills a folder with the tables of the quickstart and gives their row counts. A folder that is complete is left as it is; one
 * that was left halfway is written from the start.
 */
export async function seedTables(
  uri: string,
  sources: readonly TableSource[] = TABLES,
): Promise<SeededTable[]> {
  const seeded = await readMarker(uri);
  if (seeded?.revision === REVISION) return seeded.tables;
  await mkdir(uri, { recursive: true });
  const tables: SeededTable[] = [];
  const connection = await connect(uri);
  try {
    for (const source of sources)
      tables.push({ table: source.name, rows: await writeTable(connection, source) });
  } finally {
    connection.close();
  }
  await writeMarker(uri, { revision: REVISION, tables });
  return tables;
}

/** Writes a table in batches, in place of one that is there, and gives the number of rows LanceDB counts. */
export async function writeTable(
  connection: Connection,
  { name, schema, rows }: TableSource,
): Promise<number> {
  if ((await connection.tableNames()).includes(name)) await connection.dropTable(name);
  const table = await connection.createEmptyTable(name, schema);
  try {
    for (const batch of batchesOf(rows(), BATCH_ROWS)) await table.add(toArrow(schema, batch));
    return await table.countRows();
  } finally {
    table.close();
  }
}

function* batchesOf<Row>(rows: Iterable<Row>, size: number): Generator<Row[]> {
  let batch: Row[] = [];
  for (const row of rows) {
    if (batch.push(row) < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function readMarker(uri: string): Promise<Marker | undefined> {
  try {
    const marker: Marker = JSON.parse(await readFile(path.join(uri, MARKER), 'utf8'));
    return marker;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function writeMarker(uri: string, marker: Marker): Promise<void> {
  const file = path.join(uri, MARKER);
  await writeFile(`${file}.part`, JSON.stringify(marker));
  await rename(`${file}.part`, file);
}
