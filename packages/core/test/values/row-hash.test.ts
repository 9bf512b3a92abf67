import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { arrowTypeOf } from '@lance-offload/lancedb';
import { lakeTypeOf } from '@lance-offload/delta';
import { castData } from '../../../delta/src/values/cast.ts';
import { checksumOf, hashRows } from '../../../delta/src/values/row-hash.ts';
import {
  float32,
  float64,
  int32,
  int64,
  nulls,
  utf8,
  type Columns,
} from '../../../lancedb/test/arrow-bodies.ts';

/** Row hashes of columns in their lake types. */
function hashes(columns: Columns): bigint[] {
  const casts = Object.entries(columns).map(([name, data]) => {
    const lake = lakeTypeOf(data.type);
    if (!lake) throw new Error(`${name} has no lake type`);
    return { field: new arrow.Field(name, lake.arrow, true), data: castData(data, lake.arrow) };
  });
  const rows = casts[0]?.data.length ?? 0;
  const made = hashRows(
    casts.map(({ field }) => field),
    casts.map(({ data }) => data),
    rows,
  );
  return Array.from(made);
}

function numbers(type: string, data: arrow.DataType['TArray']): arrow.Data {
  const known = arrowTypeOf({ type });
  if (!known) throw new Error(type);
  return arrow.makeData({
    type: known as arrow.Int32,
    length: data.length,
    nullCount: 0,
    data: data as Int32Array,
  });
}

function list(child: arrow.Data, offsets: readonly number[], valid?: readonly boolean[]): arrow.Data {
  const type = new arrow.List(new arrow.Field('item', child.type, true));
  const shape = nulls(valid ?? offsets.slice(1).map(() => true));
  return arrow.makeData({ type, ...shape, valueOffsets: Int32Array.from(offsets), child });
}

function struct(children: Columns, valid: readonly boolean[]): arrow.Data {
  const type = new arrow.Struct(
    Object.entries(children).map(([name, data]) => new arrow.Field(name, data.type, true)),
  );
  return arrow.makeData({ type, ...nulls(valid), children: Object.values(children) });
}

const distinct = (values: readonly bigint[]) => new Set(values).size;

test('the hash of a known row is what it was in every release', () => {
  const row = {
    id: int64([42n]),
    name: utf8(['Ada 🙂']),
    score: float64([0.1]),
    ratio: float32([0.5]),
    absent: utf8([null]),
    vector: list(float32([1, -0, Number.NaN]), [0, 3]),
    tags: list(utf8(['a', null]), [0, 2]),
    place: struct({ x: int32([7]), y: utf8([null]) }, [true]),
  };
  expect(hashes(row)).toEqual([-2_026_291_387_865_608_623n]);
});

test('every NaN hashes alike, and negative zero like zero, as a column and in a list', () => {
  const floats = Float32Array.of(Number.NaN, Number.NaN, 0, -0);
  new Uint32Array(floats.buffer)[1] = 0xffc0_0001;
  const doubles = Float64Array.of(Number.NaN, Number.NaN, 0, -0);
  new BigUint64Array(doubles.buffer)[1] = 0xfff8_0000_0000_0001n;
  for (const column of [numbers('float', floats), numbers('double', doubles)]) {
    for (const data of [column, list(column, [0, 1, 2, 3, 4])]) {
      const [nan, otherNan, zero, negativeZero] = hashes({ data });
      expect([otherNan, negativeZero]).toEqual([nan, zero]);
      expect(nan).not.toBe(zero);
    }
  }
});

test('null, empty and zero differ from one another', () => {
  expect(distinct(hashes({ text: utf8([null, '', '0', '\0']) }))).toBe(4);
  expect(distinct(hashes({ number: int32([null, 0, 1]) }))).toBe(3);
  const lists = hashes({
    list: list(int32([0, null, 0, 0]), [0, 0, 0, 1, 2, 4], [false, true, true, true, true]),
  });
  expect(distinct(lists)).toBe(5);
  expect(distinct(hashes({ struct: struct({ x: int32([0, null, 1]) }, [false, true, true]) }))).toBe(3);
});

test('the order of columns and of struct fields does not count', () => {
  const [a, b] = [int32([1, 2]), utf8(['x', null])];
  expect(hashes({ a, b })).toEqual(hashes({ b, a }));
  expect(hashes({ s: struct({ a, b }, [true, true]) })).toEqual(
    hashes({ s: struct({ b, a }, [true, true]) }),
  );
});

test('a column added later, null in old rows, changes nothing', () => {
  const id = int64([1n, 2n]);
  expect(hashes({ id, added: utf8([null, null]) })).toEqual(hashes({ id }));
  expect(hashes({ id, added: utf8([null, '']) })[1]).not.toBe(hashes({ id })[1]);
  const [inner, wider] = [
    struct({ id }, [true, true]),
    struct({ id, added: utf8([null, null]) }, [true, true]),
  ];
  expect(hashes({ s: wider })).toEqual(hashes({ s: inner }));
});

test('widening an integer column changes nothing', () => {
  const values = [0, 7, 127];
  const expected = hashes({ n: int64(values.map(BigInt)) });
  const types = {
    int8: Int8Array,
    int16: Int16Array,
    int32: Int32Array,
    uint8: Uint8Array,
    uint16: Uint16Array,
    uint32: Uint32Array,
  };
  for (const [type, Values] of Object.entries(types))
    expect(hashes({ n: numbers(type, Values.from(values)) })).toEqual(expected);
  expect(hashes({ n: numbers('int8', Int8Array.of(-1, -128)) })).toEqual(hashes({ n: int64([-1n, -128n]) }));
  const lists = (item: arrow.Data) => hashes({ l: list(item, [0, 2, 3]) });
  expect(lists(numbers('int16', Int16Array.from(values)))).toEqual(lists(int64(values.map(BigInt))));
});

test('widening a float column to double changes nothing, and a double that is no float differs from the nearest', () => {
  const values = [0.5, 0.1, 1e30, -0, Number.NaN, Number.POSITIVE_INFINITY].map(Math.fround);
  expect(hashes({ x: float64(values) })).toEqual(hashes({ x: float32(values) }));
  expect(hashes({ x: numbers('halffloat', Uint16Array.of(0x3800)) })).toEqual(hashes({ x: float32([0.5]) }));
  expect(hashes({ l: list(float64(values), [0, 6]) })).toEqual(hashes({ l: list(float32(values), [0, 6]) }));
  expect(hashes({ x: float64([0.1]) })).not.toEqual(hashes({ x: float32([0.1]) }));
});

test('strings and large strings, lists and large lists, decimals of 128 and 256 bits hash alike', () => {
  const large = arrow.makeData({
    type: new arrow.LargeUtf8(),
    ...nulls([true, true]),
    valueOffsets: BigInt64Array.of(0n, 1n, 3n),
    data: Buffer.from('abc'),
  });
  expect(hashes({ t: large })).toEqual(hashes({ t: utf8(['a', 'bc']) }));
  const type = new arrow.LargeList(new arrow.Field('item', new arrow.Int32(), true));
  const largeList = arrow.makeData({
    type,
    length: 1,
    nullCount: 0,
    valueOffsets: BigInt64Array.of(0n, 2n),
    child: int32([1, 2]),
  });
  expect(hashes({ l: largeList })).toEqual(hashes({ l: list(int32([1, 2]), [0, 2]) }));
  const wide = numbers('decimal:256:10:2', Uint32Array.of(5, 0, 0, 0, 0, 0, 0, 0));
  const narrow = numbers('decimal:128:10:2', Uint32Array.of(5, 0, 0, 0));
  const one = (data: arrow.Data) =>
    hashes({
      d: arrow.makeData({
        type: data.type as arrow.Decimal,
        length: 1,
        nullCount: 0,
        data: data.values as Uint32Array,
      }),
    });
  expect(one(wide)).toEqual(one(narrow));
});

test('a row hashes alike whatever other rows its batch holds', () => {
  const alone = hashes({ v: list(float32([1, 2]), [0, 2]), n: int32([3]) });
  const besideNulls = hashes({ v: list(float32([1, 2, null, -0]), [0, 2, 4]), n: int32([3, null]) });
  expect(besideNulls[0]).toBe(alone[0]);
  const later = hashes({ v: list(float32([null, Number.NaN, 1, 2]), [0, 2, 4]), n: int32([null, 3]) });
  expect(later[1]).toBe(alone[0]);
  const [first] = hashes({ s: list(utf8(['a', 'b']), [0, 2]) });
  expect(hashes({ s: list(utf8(['x', null, 'a', 'b']), [0, 2, 4]) })[1]).toBe(first);
});

test('values that read alike when strung together differ', () => {
  expect(
    distinct([...hashes({ a: utf8(['xy', 'x']), b: utf8(['z', 'yz']) }), ...hashes({ ab: utf8(['xyz']) })]),
  ).toBe(3);
  expect(distinct(hashes({ l: list(utf8(['ab', 'a', 'b']), [0, 1, 3]) }))).toBe(2);
  expect(hashes({ a: int32([1]) })).not.toEqual(hashes({ b: int32([1]) }));
  const nested = list(list(int32([1, 2]), [0, 1, 2]), [0, 2]);
  expect(hashes({ l: nested })).not.toEqual(hashes({ l: list(list(int32([1, 2]), [0, 2]), [0, 1]) }));
  expect(distinct(hashes({ v: list(float32([1, 2, 2, 1, null, 1, 1, null]), [0, 2, 4, 6, 8]) }))).toBe(4);
  expect(distinct(hashes({ n: int64([2n ** 53n, 2n ** 53n + 1n]) }))).toBe(2);
});

test('a checksum is the file’s xxHash64 in 16 digits', () => {
  expect(checksumOf(new Uint8Array())).toBe('ef46db3751d8e999');
});

function listsInLists(levels: number): arrow.Data {
  let data: arrow.Data = int32([1, null]);
  for (let level = 0; level < levels; level++) data = list(data, [0, 1, 2], [true, level % 2 === 0]);
  return data;
}

test('lists in lists with a null at each level are hashed at once, however deep', () => {
  const [shallow, deepest] = [hashes({ a: listsInLists(31) }), hashes({ a: listsInLists(32) })];
  expect(new Set([...shallow, ...deepest]).size).toBe(4);
});
