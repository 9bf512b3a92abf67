import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type * as Lancedb from '@lancedb/lancedb';
import type * as Arrow from 'apache-arrow';

// LanceDB's client loads Arrow's CommonJS build; tables made by the ESM build are foreign to it.
const require = createRequire(import.meta.url);
const lancedb = require('@lancedb/lancedb') as typeof Lancedb;
const arrow = require('apache-arrow') as typeof Arrow;

const BATCH_ROWS = 10_000;

export interface TableSize {
  readonly rows: number;
  readonly dimensions: number;
}

export const tableName = ({ rows, dimensions }: TableSize): string => `vectors_${rows}x${dimensions}`;

function batchOf(first: number, rows: number, vectors: Float32Array, dimensions: number): Arrow.Table {
  const item = new arrow.Field('item', new arrow.Float32(), true);
  const child = arrow.makeData({
    type: item.type,
    length: rows * dimensions,
    data: vectors.subarray(0, rows * dimensions),
  });
  const vector = arrow.makeData({
    type: new arrow.FixedSizeList(dimensions, item),
    length: rows,
    nullCount: 0,
    child,
  });
  const id = arrow.makeData({
    type: new arrow.Int64(),
    length: rows,
    data: BigInt64Array.from({ length: rows }, (_, row) => BigInt(first + row)),
  });
  const schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int64(), true),
    new arrow.Field('vector', vector.type, true),
  ]);
  const struct = arrow.makeData({
    type: new arrow.Struct(schema.fields),
    length: rows,
    nullCount: 0,
    children: [id, vector],
  });
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)]);
}

/** Writes a table of ids and random vectors, unless it is there from an earlier time. */
export async function makeTable(uri: string, size: TableSize): Promise<void> {
  const name = tableName(size);
  const marker = path.join(uri, `${name}.complete`);
  if (existsSync(marker)) return;
  await mkdir(uri, { recursive: true });
  const vectors = Float32Array.from(
    { length: BATCH_ROWS * size.dimensions },
    () => (Math.random() * 2 - 1) / Math.sqrt(size.dimensions),
  );
  const connection = await lancedb.connect(uri);
  if ((await connection.tableNames()).includes(name)) await connection.dropTable(name);
  const table = await connection.createTable(
    name,
    batchOf(0, Math.min(BATCH_ROWS, size.rows), vectors, size.dimensions),
  );
  for (let first = BATCH_ROWS; first < size.rows; first += BATCH_ROWS) {
    await table.add(batchOf(first, Math.min(BATCH_ROWS, size.rows - first), vectors, size.dimensions));
  }
  table.close();
  connection.close();
  await writeFile(marker, '');
}
