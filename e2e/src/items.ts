import { connect } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { arrow } from './arrow.ts';

/** A row of the tables these tests make: a key, text, a value that may be missing, a number, a vector. */
export type Item = {
  readonly id: number;
  readonly title: string;
  readonly note: string | null;
  readonly price: number;
  readonly vector: readonly number[];
};

const DIMENSIONS = 8;

const nullable = true;

export const ITEM_SCHEMA: Schema = new arrow.Schema([
  new arrow.Field('id', new arrow.Int32(), nullable),
  new arrow.Field('title', new arrow.Utf8(), nullable),
  new arrow.Field('note', new arrow.Utf8(), nullable),
  new arrow.Field('price', new arrow.Float64(), nullable),
  new arrow.Field(
    'vector',
    new arrow.FixedSizeList(DIMENSIONS, new arrow.Field('item', new arrow.Float32(), nullable)),
    nullable,
  ),
]);

/** Rows that are the same at each call. Their numbers are exact in the table's types. */
export function makeItems(count: number): Item[] {
  return Array.from({ length: count }, (_, id) => ({
    id,
    title: `item ${id}, «größte» ☂`,
    note: id % 3 === 0 ? null : 'n'.repeat(id % 17),
    price: id / 7,
    vector: Array.from({ length: DIMENSIONS }, (_value, axis) => Math.fround(Math.sin(id * (axis + 1)))),
  }));
}

/** Writes rows as a LanceDB table: its version 1. */
export async function createTable(
  uri: string,
  name: string,
  rows: readonly Readonly<Record<string, unknown>>[],
  schema: Schema = ITEM_SCHEMA,
): Promise<void> {
  const db = await connect(uri);
  const table =
    rows.length === 0
      ? await db.createEmptyTable(name, schema)
      : await db.createTable(
          name,
          rows.map((row) => ({ ...row })),
          { schema },
        );
  table.close();
  db.close();
}
