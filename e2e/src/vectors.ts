import { connect } from '@lancedb/lancedb';
import { arrow } from './arrow.ts';

const BATCH_ROWS = 10_000;

/** A multiplicative generator (Lehmer, as in C++'s minstd_rand): noise that does not compress, the same at each call. */
function fillWithNoise(values: Float32Array, seed: number): void {
  let state = seed;
  for (let index = 0; index < values.length; index++) {
    state = (state * 48_271) % 2_147_483_647;
    values[index] = state / 2_147_483_647;
  }
}

/** Writes a LanceDB table of ids and vectors, `BATCH_ROWS` at a time. */
export async function createVectorTable(
  uri: string,
  name: string,
  rows: number,
  dimensions: number,
): Promise<void> {
  const item = new arrow.Field('item', new arrow.Float32(), true);
  const type = new arrow.FixedSizeList(dimensions, item);
  const schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('vector', type, true),
  ]);
  const db = await connect(uri);
  const table = await db.createEmptyTable(name, schema);
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const length = Math.min(BATCH_ROWS, rows - from);
    const noise = new Float32Array(length * dimensions);
    fillWithNoise(noise, from + 1);
    const child = arrow.makeData({ type: item.type, length: noise.length, nullCount: 0, data: noise });
    const vectors = arrow.makeData({ type, length, nullCount: 0, child });
    const ids = arrow.makeData({
      type: new arrow.Int32(),
      length,
      nullCount: 0,
      data: Int32Array.from({ length }, (_, index) => from + index),
    });
    const data = arrow.makeData({
      type: new arrow.Struct(schema.fields),
      length,
      nullCount: 0,
      children: [ids, vectors],
    });
    await table.add(new arrow.Table(schema, new arrow.RecordBatch(schema, data)));
  }
  table.close();
  db.close();
}
