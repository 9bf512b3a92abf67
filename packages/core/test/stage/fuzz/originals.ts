import * as arrow from 'apache-arrow';
import type { LanceField } from '@lance-offload/lancedb';
import {
  bodyOf,
  column,
  compressedBody,
  float32,
  nulls,
  rowIds,
  type Columns,
  type Framing,
} from '../../../../lancedb/test/arrow-bodies.ts';
import { DICTIONARIES, PLACEMENTS } from '../../../../lancedb/test/samples/nested.ts';
import { SAMPLES } from '../../type-samples.ts';

/** A good body, and the plan it is an answer to. */
export interface Original {
  readonly name: string;
  readonly body: Uint8Array;
  readonly columns: readonly LanceField[];
}

/** Rows of a placement in `nested.ts`. */
const ROWS = 5;
const TYPES = [
  'int64',
  'string',
  'large_string',
  'binary',
  'decimal:256:38:6',
  'bool',
  'timestamp:ns:UTC',
  'null',
];

function vectors(): arrow.Data {
  const child = float32(Array.from({ length: ROWS * 8 }, (_, index) => Math.sin(index)));
  const type = new arrow.FixedSizeList(8, new arrow.Field('item', new arrow.Float32(), true));
  return arrow.makeData({ type, ...nulls([true, true, false, true, true]), child });
}

const VECTOR = column('vector', { type: 'fixed_size_list', length: 8, fields: [column('item', 'float')] });

/** One sample type in every way it can be nested, a dictionary and a vector: three batches. */
function original(type: string, framing: Framing, codec: 'plain' | 'lz4' | 'zstd'): Original {
  const sample = SAMPLES.find(({ lance }) => lance.type === type);
  if (!sample) throw new Error(`no samples of ${type}`);
  const inDictionaries = type === 'null' ? [] : DICTIONARIES;
  const placements = [...PLACEMENTS, ...inDictionaries];
  const shared = Object.fromEntries(placements.map(({ name, data }) => [name, data(sample.leaf)]));
  const batches = [0, 1, 2].map((at): Columns => ({
    ...shared,
    vector: vectors(),
    _rowid: rowIds(at * ROWS, ROWS),
  }));
  return {
    name: `${type}, ${framing}, ${codec}`,
    body: codec === 'plain' ? bodyOf(batches, framing) : compressedBody(batches, codec, framing),
    columns: [...placements.map(({ name, lance }) => column(name, lance(sample.lance))), VECTOR],
  };
}

export const ORIGINALS: readonly Original[] = TYPES.flatMap((type) =>
  (['file', 'stream'] as const).flatMap((framing) =>
    (['plain', 'lz4', 'zstd'] as const).map((codec) => original(type, framing, codec)),
  ),
);
