import * as arrow from 'apache-arrow';
import type { LanceType } from '../../src/lance-type.ts';
import { int32, nulls, utf8 } from '../arrow-bodies.ts';

/** Which of a type's three sample values a place holds; `null` for none. */
export type Pick = 0 | 1 | 2 | null;
export type MakeLeaf = (picks: readonly Pick[]) => arrow.Data;

/** One way to put a type into a column of five rows, and what the lake must then hold, as DuckDB literals. */
export interface Placement {
  readonly name: string;
  readonly lance: (leaf: LanceType) => LanceType;
  /** @param dictionaryId of a column's own, where a table has several with dictionaries */
  readonly data: (leaf: MakeLeaf, dictionaryId?: number) => arrow.Data;
  readonly duckdb: (leaf: string) => string;
  /** @param at the literal of a sample value, or NULL */
  readonly rows: (at: (pick: Pick) => string) => string[];
}

const item = (type: LanceType) => [{ name: 'item', nullable: true, type }];
const fieldOf = (name: string, data: arrow.Data): arrow.Field => new arrow.Field(name, data.type, true);
const LIST_ROWS = [true, false, true, true, true];

function listRows(at: (pick: Pick) => string): string[] {
  return [`[${at(0)}, NULL, ${at(1)}]`, 'NULL', '[]', `[${at(2)}]`, '[NULL]'];
}

const PICKS_OF_LISTS: readonly Pick[] = [0, null, 1, 2, null];

const PLAIN: Placement = {
  name: 'plain',
  lance: (leaf) => leaf,
  data: (leaf) => leaf([0, null, 1, 2, null]),
  duckdb: (leaf) => leaf,
  rows: (at) => [at(0), 'NULL', at(1), at(2), 'NULL'],
};

const LIST: Placement = {
  name: 'list',
  lance: (leaf) => ({ type: 'list', fields: item(leaf) }),
  data: (leaf) => {
    const child = leaf(PICKS_OF_LISTS);
    const type = new arrow.List(fieldOf('item', child));
    return arrow.makeData({
      type,
      ...nulls(LIST_ROWS),
      valueOffsets: Int32Array.of(0, 3, 3, 3, 4, 5),
      child,
    });
  },
  duckdb: (leaf) => `${leaf}[]`,
  rows: listRows,
};

const LARGE_LIST: Placement = {
  ...LIST,
  name: 'large list',
  lance: (leaf) => ({ type: 'large_list', fields: item(leaf) }),
  data: (leaf) => {
    const child = leaf(PICKS_OF_LISTS);
    const type = new arrow.LargeList(fieldOf('item', child));
    return arrow.makeData({
      type,
      ...nulls(LIST_ROWS),
      valueOffsets: BigInt64Array.of(0n, 3n, 3n, 3n, 4n, 5n),
      child,
    });
  },
};

const FIXED_SIZE_LIST: Placement = {
  name: 'fixed-size list',
  lance: (leaf) => ({ type: 'fixed_size_list', length: 2, fields: item(leaf) }),
  data: (leaf) => {
    // The null list has values under it, as a source may send them.
    const child = leaf([0, null, 1, 1, 1, 2, null, null, 2, 0]);
    return arrow.makeData({
      type: new arrow.FixedSizeList(2, fieldOf('item', child)),
      ...nulls(LIST_ROWS),
      child,
    });
  },
  duckdb: (leaf) => `${leaf}[]`,
  rows: (at) => [`[${at(0)}, NULL]`, 'NULL', `[${at(1)}, ${at(2)}]`, '[NULL, NULL]', `[${at(2)}, ${at(0)}]`],
};

const pack = (f: string, n: string) => `{'it''s "f"': ${f}, 'n': ${n}}`;

const STRUCT: Placement = {
  name: 'struct',
  lance: (leaf) => ({
    type: 'struct',
    fields: [
      { name: 'it\'s "f"', nullable: true, type: leaf },
      { name: 'n', nullable: true, type: { type: 'int32' } },
    ],
  }),
  data: (leaf) => {
    const [first, second] = [leaf([0, null, 1, 2, null]), int32([1, 2, 3, 4, null])];
    const type = new arrow.Struct([fieldOf('it\'s "f"', first), fieldOf('n', second)]);
    return arrow.makeData({ type, ...nulls([true, true, true, false, true]), children: [first, second] });
  },
  duckdb: (leaf) => `STRUCT("it's ""f""" ${leaf}, "n" INTEGER)`,
  rows: (at) => {
    return [pack(at(0), '1'), pack('NULL', '2'), pack(at(1), '3'), 'NULL', pack('NULL', 'NULL')];
  },
};

const LIST_OF_STRUCT: Placement = {
  name: 'list of struct',
  lance: (leaf) => ({
    type: 'list',
    fields: item({ type: 'struct', fields: [{ name: 'f', nullable: true, type: leaf }] }),
  }),
  data: (leaf) => {
    const f = leaf([0, 1, null, 2, null]);
    const child = arrow.makeData({
      type: new arrow.Struct([fieldOf('f', f)]),
      ...nulls([true, false, true, true, true]),
      children: [f],
    });
    const type = new arrow.List(fieldOf('item', child));
    return arrow.makeData({
      type,
      ...nulls(LIST_ROWS),
      valueOffsets: Int32Array.of(0, 3, 3, 3, 4, 5),
      child,
    });
  },
  duckdb: (leaf) => `STRUCT("f" ${leaf})[]`,
  rows: (at) => [`[{'f': ${at(0)}}, NULL, {'f': NULL}]`, 'NULL', '[]', `[{'f': ${at(2)}}]`, `[{'f': NULL}]`],
};

const MAP: Placement = {
  name: 'map',
  lance: (leaf) => ({
    type: 'map',
    fields: [
      {
        name: 'entries',
        nullable: false,
        type: {
          type: 'struct',
          fields: [
            { name: 'key', nullable: false, type: { type: 'string' } },
            { name: 'value', nullable: true, type: leaf },
          ],
        },
      },
    ],
  }),
  data: (leaf) => {
    const [keys, values] = [utf8(['x', 'y', 'x', 'x', 'z']), leaf([0, null, 1, 2, null])];
    const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
      new arrow.Field('key', keys.type, false),
      fieldOf('value', values),
    ]);
    const child = arrow.makeData({ type: entries, length: 5, nullCount: 0, children: [keys, values] });
    const { Map_: MapType } = arrow;
    const type = new MapType(new arrow.Field('entries', entries, false));
    return arrow.makeData({
      type,
      ...nulls(LIST_ROWS),
      valueOffsets: Int32Array.of(0, 2, 2, 2, 3, 5),
      child,
    });
  },
  duckdb: (leaf) => `MAP(VARCHAR, ${leaf})`,
  rows: (at) => [
    `MAP(['x', 'y'], [${at(0)}, NULL])`,
    'NULL',
    'MAP([], [])',
    `MAP(['x'], [${at(1)}])`,
    `MAP(['x', 'z'], [${at(2)}, NULL])`,
  ],
};

function dictionaryOf(leaf: MakeLeaf, picks: readonly Pick[], id: number): arrow.Data {
  const values = leaf([0, 1, 2]);
  const type = new arrow.Dictionary(values.type, new arrow.Int32(), id, false);
  const data = Int32Array.from(picks, (pick) => pick ?? 0);
  return arrow.makeData({
    type,
    ...nulls(picks.map((pick) => pick !== null)),
    data,
    dictionary: new arrow.Vector([values]),
  });
}

const dictionaryType = (leaf: LanceType): LanceType => ({ type: `dict:${leaf.type}:int32:false` });

const DICTIONARY: Placement = {
  ...PLAIN,
  name: 'dictionary',
  lance: dictionaryType,
  data: (leaf, id = 1) => dictionaryOf(leaf, [0, null, 1, 2, null], id),
};

const LIST_OF_DICTIONARY: Placement = {
  ...LIST,
  name: 'list of dictionary',
  lance: (leaf) => LIST.lance(dictionaryType(leaf)),
  data: (leaf, id = 2) => LIST.data((picks) => dictionaryOf(leaf, picks, id)),
};

export const PLACEMENTS: readonly Placement[] = [
  PLAIN,
  LIST,
  LARGE_LIST,
  FIXED_SIZE_LIST,
  STRUCT,
  LIST_OF_STRUCT,
  MAP,
];
export const DICTIONARIES: readonly Placement[] = [DICTIONARY, LIST_OF_DICTIONARY];
