import * as arrow from 'apache-arrow';
import { int32, nulls, utf8 } from '../arrow-bodies.ts';
import type { Placement } from './nested.ts';

const fieldOf = (name: string, data: arrow.Data): arrow.Field => new arrow.Field(name, data.type, true);
const nullable = (name: string, type: Parameters<Placement['lance']>[0]) => ({ name, nullable: true, type });

const LIST_OF_STRUCT_OF_LIST: Placement = {
  name: 'list of struct of list',
  lance: (leaf) => {
    const values = nullable('values', { type: 'list', fields: [nullable('item', leaf)] });
    return { type: 'list', fields: [nullable('item', { type: 'struct', fields: [values] })] };
  },
  data: (leaf) => {
    const items = leaf([0, null, 1, 2]);
    const values = arrow.makeData({
      type: new arrow.List(fieldOf('item', items)),
      ...nulls([true, true, false, true]),
      valueOffsets: Int32Array.of(0, 3, 3, 3, 4),
      child: items,
    });
    const child = arrow.makeData({
      type: new arrow.Struct([fieldOf('values', values)]),
      ...nulls([true, true, true, true]),
      children: [values],
    });
    return arrow.makeData({
      type: new arrow.List(fieldOf('item', child)),
      ...nulls([true, false, true, true, true]),
      valueOffsets: Int32Array.of(0, 2, 2, 2, 3, 4),
      child,
    });
  },
  duckdb: (leaf) => `STRUCT("values" ${leaf}[])[]`,
  rows: (at) => [
    `[{'values': [${at(0)}, NULL, ${at(1)}]}, {'values': []}]`,
    'NULL',
    '[]',
    `[{'values': NULL}]`,
    `[{'values': [${at(2)}]}]`,
  ],
};

const STRUCT_OF_MAP: Placement = {
  name: 'struct of map',
  lance: (leaf) => {
    const entries = {
      type: 'struct',
      fields: [{ name: 'key', nullable: false, type: { type: 'string' } }, nullable('value', leaf)],
    };
    const map = nullable('m', { type: 'map', fields: [{ name: 'entries', nullable: false, type: entries }] });
    return { type: 'struct', fields: [map, nullable('n', { type: 'int32' })] };
  },
  data: (leaf) => {
    const [keys, values] = [utf8(['', 'y', 'x']), leaf([0, null, 2])];
    const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
      new arrow.Field('key', keys.type, false),
      fieldOf('value', values),
    ]);
    const child = arrow.makeData({ type: entries, length: 3, nullCount: 0, children: [keys, values] });
    const { Map_: MapType } = arrow;
    const map = arrow.makeData({
      type: new MapType(new arrow.Field('entries', entries, false)),
      ...nulls([true, true, false, true, false]),
      valueOffsets: Int32Array.of(0, 2, 2, 2, 3, 3),
      child,
    });
    const n = int32([1, 2, 3, null, 5]);
    const type = new arrow.Struct([fieldOf('m', map), fieldOf('n', n)]);
    return arrow.makeData({ type, ...nulls([true, true, true, true, false]), children: [map, n] });
  },
  duckdb: (leaf) => `STRUCT("m" MAP(VARCHAR, ${leaf}), "n" INTEGER)`,
  rows: (at) => [
    `{'m': MAP(['', 'y'], [${at(0)}, NULL]), 'n': 1}`,
    `{'m': MAP([], []), 'n': 2}`,
    `{'m': NULL, 'n': 3}`,
    `{'m': MAP(['x'], [${at(2)}]), 'n': NULL}`,
    'NULL',
  ],
};

/** Types two levels deep, with nulls and empty ones at each. */
export const DEEPER: readonly Placement[] = [LIST_OF_STRUCT_OF_LIST, STRUCT_OF_MAP];
