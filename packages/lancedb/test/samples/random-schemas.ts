import * as arrow from 'apache-arrow';
import type { LanceField, LanceType } from '../../src/lance-type.ts';
import { column, int32, nulls, rowIds, utf8, type Columns } from '../arrow-bodies.ts';
import { Random } from '../random.ts';

/** A value of a column; of a struct its fields' values in their order, of a map its entries. */
type Value = number | string | null | readonly Value[];

/** A source table whose columns have names, types and values from a seed. */
export interface RandomSchema {
  readonly seed: number;
  readonly fields: readonly LanceField[];
  readonly values: readonly (readonly Value[])[];
  /** What no reader can be counted on to open or tell apart; `undefined` where there is nothing. */
  readonly fault: 'twin' | 'empty' | 'nul' | undefined;
}

export const RANDOM_ROWS = 5;
export const LONG_NAME = 'x'.repeat(70_000);

/**
 * Names that every reader can open, and tell apart whatever it does with case. Not among them are two that ClickHouse alone
 * cannot open: `null` in a struct, and `s.a` beside a struct `s` with a field `a`.
 */
const ODD_NAMES = [
  'a b',
  ' ',
  'x.y',
  'q"',
  "r'",
  'b`t',
  'back\\slash',
  'a/b',
  'line\nbreak',
  'carriage\r',
  '\ttab',
  '\u0001',
  '\u007f',
  'a;b,c{d}=e',
  ') b(',
  '%20',
  '?*[x]',
  '$v',
  '@v',
  '日本',
  '😀',
  'naïve',
  'nai\u0308ve',
  '\ufeffmark',
  '\u202eright',
  '\u00a0',
  'select',
  'element',
  'list',
  'key_value',
  'key',
  'value',
  'filename',
  'file_row_number',
  'rowid',
  'size0',
  '1',
  '"',
];
/** Two names that some reader takes for one. */
const TWINS: readonly (readonly [string, string])[] = [
  ['id2', 'ID2'],
  ['UserID', 'userId'],
  ['é', 'É'],
  ['k', '\u212a'],
  ['s', '\u017f'],
  ['σ', 'ς'],
  ['ß', 'ẞ'],
  ['I', 'ı'],
  ['i', 'İ'],
  ['å', '\u212b'],
  ['ａ', 'Ａ'],
  ['\u{10400}', '\u{10428}'],
  ['ǆ', 'ǅ'],
  ['µ', 'μ'],
  ['same', 'same'],
];
const OWN_NAMES = ['_row_hash', '_run_id', '__END_AT', '_rowid'];
/** DuckDB's client for Node strips a byte order mark off a value. */
const TEXTS = ODD_NAMES.filter((name) => !name.startsWith('\ufeff'));
const LEAVES = ['int32', 'string'];
const FAULTS = ['twin', 'empty', 'nul'] as const;

class Maker {
  readonly #random: Random;
  #left: number;
  /** What is still to be put into a struct, or at the top. */
  #fault: RandomSchema['fault'];

  constructor(random: Random, fault: RandomSchema['fault']) {
    this.#random = random;
    this.#fault = fault;
    this.#left = 24;
  }

  /** Distinct names, with the fault among them where it is still to be placed and `place` says so. */
  names(count: number, own: boolean, place: boolean): string[] {
    const names = new Set<string>();
    while (names.size < count) {
      const pick = this.#random.below(40);
      if (pick === 0) names.add(LONG_NAME.slice(this.#random.below(3)));
      else if (pick < 4 && own) names.add(this.#random.pick(OWN_NAMES));
      else if (pick < 28) names.add(this.#random.pick(ODD_NAMES));
      else names.add(`plain ${this.#random.below(100)}`);
    }
    if (!place || this.#fault === undefined) return [...names];
    const bad = { twin: this.#random.pick(TWINS), empty: [''], nul: ['a\0b'] }[this.#fault];
    this.#fault = undefined;
    return [...bad, ...names];
  }

  type(depth: number): LanceType {
    this.#left -= 1;
    const kind = depth === 0 || this.#left < 0 ? 0 : this.#random.below(5);
    if (kind < 2) return { type: this.#random.pick(LEAVES) };
    if (kind === 3) return { type: 'list', fields: [column('item', this.type(depth - 1))] };
    if (kind === 4) return this.#map(depth);
    return this.struct(depth, this.#random.below(2) === 0);
  }

  /** @param place puts the fault here, where it is still to be placed. */
  struct(depth: number, place: boolean): LanceType {
    const names = this.names(1 + this.#random.below(3), true, place);
    return { type: 'struct', fields: names.map((name) => column(name, this.type(depth - 1))) };
  }

  #map(depth: number): LanceType {
    const entries = [column('key', 'string', false), column('value', this.type(depth - 1))];
    return { type: 'map', fields: [column('entries', { type: 'struct', fields: entries }, false)] };
  }

  get isPlaced(): boolean {
    return this.#fault === undefined;
  }

  value({ type, fields = [] }: LanceType): Value {
    if (this.#random.below(4) === 0) return null;
    if (type === 'int32') return this.#random.below(1000) - 500;
    if (type === 'string') return this.#random.pick(TEXTS);
    if (type === 'struct') return fields.map((field) => this.value(field.type));
    const length = this.#random.below(3);
    const [, value] = fields[0]?.type.fields ?? [];
    return Array.from({ length }, (_, index) => {
      if (type === 'list') return this.value(fields[0]?.type ?? { type: 'int32' });
      return [`k${index}`, this.value(value?.type ?? { type: 'int32' })];
    });
  }
}

/** The schema and rows of a seed: every second one has a fault, at the top or up to three levels deep. */
export function randomSchema(seed: number): RandomSchema {
  const random = new Random(seed * 7919 + 1);
  const fault = seed % 2 === 0 ? undefined : random.pick(FAULTS);
  const maker = new Maker(random, fault);
  const atTop = random.below(5) === 0;
  const names = maker.names(1 + random.below(3), false, atTop);
  const fields = names.map((name) => column(name, maker.type(random.below(4))));
  // Where no struct took it: in one of its own.
  const last = maker.isPlaced
    ? []
    : [column('last', { type: 'list', fields: [column('item', maker.struct(1, true))] })];
  const all = [column('row number', 'int32'), ...fields, ...last];
  const values = all.map(({ type }, index) =>
    Array.from({ length: RANDOM_ROWS }, (_, row) => (index === 0 ? row : maker.value(type))),
  );
  return { seed, fields: all, values, fault };
}

const fieldOf = (name: string, data: arrow.Data): arrow.Field => new arrow.Field(name, data.type, true);

function offsetsOf(lists: readonly Value[]): Int32Array {
  let end = 0;
  return Int32Array.from([0, ...lists.map((list) => (end += Array.isArray(list) ? list.length : 0))]);
}

function dataOf({ type, fields = [] }: LanceType, values: readonly Value[]): arrow.Data {
  if (type === 'int32') return int32(values as (number | null)[]);
  if (type === 'string') return utf8(values as (string | null)[]);
  const shell = nulls(values.map((value) => value !== null));
  const lists = values.map((value): readonly Value[] => (Array.isArray(value) ? value : []));
  if (type === 'struct') {
    const children = fields.map((field, index) =>
      dataOf(
        field.type,
        lists.map((list) => list[index] ?? null),
      ),
    );
    const named = children.map((data, index) => fieldOf(fields[index]?.name ?? '', data));
    return arrow.makeData({ type: new arrow.Struct(named), ...shell, children });
  }
  const [item] = fields;
  if (!item) throw new TypeError(`a ${type} without its items`);
  const [items, valueOffsets] = [lists.flat(), offsetsOf(values)];
  if (type === 'list') {
    const child = dataOf(item.type, items);
    return arrow.makeData({ type: new arrow.List(fieldOf('item', child)), ...shell, valueOffsets, child });
  }
  const child = dataOf(item.type, items);
  const [key, value] = child.type.children;
  const entries = new arrow.Struct<{ key: arrow.DataType; value: arrow.DataType }>([
    new arrow.Field('key', key?.type ?? new arrow.Utf8(), false),
    new arrow.Field('value', value?.type ?? new arrow.Null(), true),
  ]);
  const { Map_: MapType } = arrow;
  const typed = arrow.makeData({
    type: entries,
    length: child.length,
    nullCount: 0,
    children: child.children,
  });
  return arrow.makeData({
    type: new MapType(new arrow.Field('entries', entries, false)),
    ...shell,
    valueOffsets,
    child: typed,
  });
}

/** The rows as a source sends them. */
export function columnsOf({ fields, values }: RandomSchema): Columns {
  const columns = fields.map(({ name, type }, index) => [name, dataOf(type, values[index] ?? [])]);
  return { ...Object.fromEntries(columns), _rowid: rowIds(0, RANDOM_ROWS) };
}

/** A value as DuckDB's JSON has it: structs by the names of their fields, maps as lists of entries. */
export function asJson({ type, fields = [] }: LanceType, value: Value): unknown {
  if (value === null || !Array.isArray(value)) return value;
  const parts: readonly Value[] = value;
  if (type === 'struct')
    return Object.fromEntries(
      fields.map((field, index) => [field.name, asJson(field.type, parts[index] ?? null)]),
    );
  const [item] = fields;
  if (!item) return parts;
  if (type === 'list') return parts.map((part) => asJson(item.type, part));
  return parts.map((part) => asJson(item.type, part));
}
