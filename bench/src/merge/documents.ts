import * as arrow from 'apache-arrow';
import type { RunPlan } from './core.ts';

/** Rows of the table the merge bench makes: which keys, and in which version of theirs. */
export interface Documents {
  readonly dimensions: number;
  /** The `id` of each row. */
  readonly ids: readonly number[];
  /** 0 as first offloaded, 1 once changed: another content, and a later `updated_at`. */
  readonly revision: number;
  /** `_rowid` of the first row; the others follow. */
  readonly firstRowId: number;
}

const FIRST_CHANGE_US = Date.UTC(2026, 0, 1) * 1000;
const YEAR_US = 365 * 86_400 * 1e6;
const CATEGORIES = ['news', 'manual', 'letter', 'contract', 'minutes', 'recipe', 'patent', 'essay'];

/** The columns as LanceDB describes them. */
export function documentColumns(dimensions: number): RunPlan['columns'] {
  const scalars = {
    id: 'int64',
    updated_at: 'timestamp:us:UTC',
    title: 'string',
    category: 'string',
    price: 'double',
  };
  const item = { name: 'item', nullable: true, type: { type: 'float' } };
  return [
    ...Object.entries(scalars).map(([name, type]) => ({ name, nullable: true, type: { type } })),
    { name: 'vector', nullable: true, type: { type: 'fixed_size_list', length: dimensions, fields: [item] } },
  ];
}

/**
 * Numbers between -1 and 1 that do not compress, the same for one seed (Marsaglia, "Xorshift RNGs", 2003).
 * `Math.random` would take three times as long, and no seed.
 */
function randomFloats(count: number, seed: number): Float32Array<ArrayBuffer> {
  const floats = new Float32Array(count);
  let state = (seed * 2_654_435_761 + 1) | 0 || 1;
  for (let index = 0; index < count; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    floats[index] = state / 2 ** 31;
  }
  return floats;
}

function vectorsOf({ dimensions, ids, revision }: Documents): arrow.Data {
  const item = new arrow.Field('item', new arrow.Float32(), true);
  const data = randomFloats(ids.length * dimensions, (ids[0] ?? 0) * 2 + revision);
  const child = arrow.makeData({ type: item.type, length: data.length, nullCount: 0, data });
  const type = new arrow.FixedSizeList(dimensions, item);
  return arrow.makeData({ type, length: ids.length, nullCount: 0, child });
}

function texts(values: readonly string[]): arrow.Data | undefined {
  return arrow.vectorFromArray(values, new arrow.Utf8()).data[0];
}

function columnsOf(documents: Documents): Record<string, arrow.Data | undefined> {
  const { ids, revision, firstRowId } = documents;
  const length = ids.length;
  const plain = { length, nullCount: 0 };
  const changes = ids.map((id) => BigInt(FIRST_CHANGE_US + revision * YEAR_US + id * 1000));
  return {
    id: arrow.makeData({ type: new arrow.Int64(), ...plain, data: BigInt64Array.from(ids, BigInt) }),
    updated_at: arrow.makeData({
      type: new arrow.Timestamp(arrow.TimeUnit.MICROSECOND, 'UTC'),
      ...plain,
      data: BigInt64Array.from(changes),
    }),
    title: texts(ids.map((id) => `Document ${id}, revision ${revision}`)),
    category: texts(ids.map((id) => CATEGORIES[id % CATEGORIES.length] ?? '')),
    price: arrow.makeData({
      type: new arrow.Float64(),
      ...plain,
      data: Float64Array.from(ids, (id) => (id % 997) + revision / 4),
    }),
    vector: vectorsOf(documents),
    _rowid: arrow.makeData({
      type: new arrow.Uint64(),
      ...plain,
      data: BigUint64Array.from({ length }, (_, row) => BigInt(firstRowId + row)),
    }),
  };
}

/** The Arrow answer a server would give for these rows. Deterministic. */
export function documentsBody(documents: Documents): Uint8Array {
  const columns = Object.entries(columnsOf(documents)).flatMap(([name, data]) =>
    data ? [{ field: new arrow.Field(name, data.type, true), data }] : [],
  );
  const schema = new arrow.Schema(columns.map(({ field }) => field));
  const type = new arrow.Struct(schema.fields);
  const children = columns.map(({ data }) => data);
  const struct = arrow.makeData({ type, length: documents.ids.length, nullCount: 0, children });
  return arrow.tableToIPC(new arrow.Table([new arrow.RecordBatch(schema, struct)]), 'stream');
}
