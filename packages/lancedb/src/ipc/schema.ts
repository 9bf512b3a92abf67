import * as arrow from 'apache-arrow';
import type { FlatTable } from './flat-table.ts';

/** Deeper than any table, and shallow enough that a damaged schema cannot lead round in circles. */
const MAX_DEPTH = 64;
const MAX_FIELDS = 100_000;

interface Reading {
  /** Value types by dictionary id. */
  readonly dictionaries: Map<number, arrow.DataType>;
  fields: number;
}

const { Map_: MapType } = arrow;

function only(children: readonly arrow.Field[]): arrow.Field {
  const [child, ...more] = children;
  if (!child || more.length > 0) throw new RangeError(`a list with ${children.length} kinds of items`);
  return child;
}

function positive(value: number): number {
  if (value < 0) throw new RangeError(`a type of size ${value}`);
  return value;
}

function integer(type: FlatTable): arrow.Int {
  const bits = type.int(0);
  if (bits !== 8 && bits !== 16 && bits !== 32 && bits !== 64)
    throw new RangeError(`an integer of ${bits} bits`);
  return new arrow.Int(type.byte(1) !== 0, bits);
}

function decimal(type: FlatTable): arrow.Decimal {
  const bits = type.int(2, 128);
  if (bits !== 128 && bits !== 256) throw new RangeError(`a decimal of ${bits} bits`);
  return new arrow.Decimal(type.int(1), type.int(0), bits);
}

const { SECOND, MILLISECOND, MICROSECOND, NANOSECOND } = arrow.TimeUnit;
const UNITS = [SECOND, MILLISECOND, MICROSECOND, NANOSECOND];
const PRECISIONS = [arrow.Precision.HALF, arrow.Precision.SINGLE, arrow.Precision.DOUBLE];

function one<T>(members: readonly T[], index: number): T {
  const member = members[index];
  if (member === undefined) throw new RangeError(`a type with parameter ${index}`);
  return member;
}

function time(type: FlatTable): arrow.Time {
  const [unit, bits] = [one(UNITS, type.short(0, 1)), type.int(1, 32)];
  const expected = unit === SECOND || unit === MILLISECOND ? 32 : 64;
  if (bits !== expected) throw new RangeError(`a time of ${bits} bits`);
  return new arrow.Time(unit, bits);
}

/** Types by their place in the union `Type` (Arrow's Schema.fbs); those that have no place in the lake are left out. */
const TYPES: Readonly<Record<number, (type: FlatTable, children: arrow.Field[]) => arrow.DataType>> = {
  1: () => new arrow.Null(),
  2: integer,
  3: (type) => new arrow.Float(one(PRECISIONS, type.short(0))),
  4: () => new arrow.Binary(),
  5: () => new arrow.Utf8(),
  6: () => new arrow.Bool(),
  7: decimal,
  8: (type) => (type.short(0, 1) === 0 ? new arrow.DateDay() : new arrow.DateMillisecond()),
  9: time,
  10: (type) => new arrow.Timestamp(one(UNITS, type.short(0)), type.text(1) ?? null),
  12: (_, children) => new arrow.List(only(children)),
  13: (_, children) => new arrow.Struct(children),
  15: (type) => new arrow.FixedSizeBinary(positive(type.int(0))),
  16: (type, children) => new arrow.FixedSizeList(positive(type.int(0)), only(children)),
  17: (type, children) => new MapType(entriesOf(children), type.byte(0) !== 0),
  18: (type) => new arrow.Duration(one(UNITS, type.short(0, 1))),
  19: () => new arrow.LargeBinary(),
  20: () => new arrow.LargeUtf8(),
  21: (_, children) => new arrow.LargeList(only(children)),
};

function entriesOf(children: readonly arrow.Field[]): arrow.Field<arrow.Struct> {
  const entries = only(children);
  if (!arrow.DataType.isStruct(entries.type) || entries.type.children.length !== 2)
    throw new RangeError('a map without entries of two members');
  return entries;
}

function metadataOf(table: FlatTable, field: number): Map<string, string> {
  return new Map(table.tables(field).map((pair) => [pair.text(0) ?? '', pair.text(1) ?? '']));
}

function fieldOf(table: FlatTable, reading: Reading, depth: number): arrow.Field {
  reading.fields += 1;
  if (depth > MAX_DEPTH || reading.fields > MAX_FIELDS) throw new RangeError('a schema of endless depth');
  const name = table.text(0) ?? '';
  const children = table.tables(5).map((child) => fieldOf(child, reading, depth + 1));
  const [make, parameters] = [TYPES[table.byte(2)], table.table(3)];
  if (!make || !parameters)
    throw new RangeError(`column "${name}" has type ${table.byte(2)}, which is unknown`);
  const type = make(parameters, children);
  const encoding = table.table(4);
  if (!encoding) return new arrow.Field(name, type, table.byte(1) !== 0, metadataOf(table, 6));
  const [id, index] = [encoding.long(0), encoding.table(1)];
  const indices = index ? integer(index) : new arrow.Int32();
  reading.dictionaries.set(id, type);
  // Arrow's own constructor wants one of its index classes, and keeps what it is given.
  const dictionary = new arrow.Dictionary(type, indices as arrow.Int32, id, encoding.byte(2) !== 0);
  return new arrow.Field(name, dictionary, table.byte(1) !== 0, metadataOf(table, 6));
}

/**
 * The schema of a message or a footer.
 *
 * @throws RangeError for one that is damaged, has another byte order, or a type the lake cannot hold.
 */
export function readSchema(table: FlatTable): arrow.Schema {
  if (table.short(0) !== 0) throw new RangeError('its numbers are big-endian');
  const reading: Reading = { dictionaries: new Map(), fields: 0 };
  const fields = table.tables(1).map((field) => fieldOf(field, reading, 0));
  return new arrow.Schema(fields, metadataOf(table, 2), reading.dictionaries);
}
