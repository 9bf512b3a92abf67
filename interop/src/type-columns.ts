import { arrow, type DataType } from './arrow.ts';

type Vector = InstanceType<typeof arrow.Vector>;

const { Map_: ArrowMap } = arrow;

const field = (name: string, type: DataType) => new arrow.Field(name, type, true);
const list = (item: DataType) => new arrow.List(field('item', item));
const vectorOf = (type: DataType, values: readonly unknown[]): Vector => arrow.vectorFromArray(values, type);

const bytes = (...values: number[]) => Uint8Array.from(values);
const instant = (text: string) => Date.parse(text);

/** Raw 64-bit values of a type, null where `undefined`: Arrow's builders take fractions of a millisecond badly. */
function longs(type: DataType, values: readonly (bigint | undefined)[]): Vector {
  const nullBitmap = new Uint8Array(8);
  for (const [row, value] of values.entries())
    if (value !== undefined) nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
  const data = BigInt64Array.from(values, (value) => value ?? 0n);
  const nullCount = values.filter((value) => value === undefined).length;
  const column = new arrow.Data<DataType>(type, 0, values.length, nullCount, [undefined, data, nullBitmap]);
  return new arrow.Vector([column]);
}

/** 128-bit little-endian words of a decimal's unscaled value. */
function words(unscaled: bigint): Uint32Array {
  return Uint32Array.from({ length: 4 }, (_, word) =>
    Number(BigInt.asUintN(32, unscaled >> BigInt(word * 32))),
  );
}

const reading = new arrow.Struct([
  field('sensor', new arrow.Utf8()),
  field('values', list(new arrow.Float32())),
  field('at', new arrow.TimestampMicrosecond('UTC')),
]);
const outer = new arrow.Struct([
  field('inner', new arrow.Struct([field('n', new arrow.Int64())])),
  field('flag', new arrow.Bool()),
]);
const entries = new arrow.Struct([
  new arrow.Field('key', new arrow.Utf8(), false),
  field('value', new arrow.Int32()),
]);
const at = instant('2026-11-22T10:15:00.123Z');

/**
 * One column per type the embedded engine's JavaScript client can write (it cannot make large lists), four rows each, with
 * extremes and nulls. Dates and instants stay within the years 1900 to 2299, all that ClickHouse's types hold.
 */
function typeColumns(): Record<string, Vector> {
  return {
    bool: vectorOf(new arrow.Bool(), [true, false, null, true]),
    int8: vectorOf(new arrow.Int8(), [-128, 127, null, 0]),
    int16: vectorOf(new arrow.Int16(), [-32_768, 32_767, null, 0]),
    int32: vectorOf(new arrow.Int32(), [-(2 ** 31), 2 ** 31 - 1, null, 0]),
    int64: vectorOf(new arrow.Int64(), [-(2n ** 63n), 2n ** 63n - 1n, null, 0n]),
    uint8: vectorOf(new arrow.Uint8(), [255, 1, null, 0]),
    uint16: vectorOf(new arrow.Uint16(), [65_535, 1, null, 0]),
    uint32: vectorOf(new arrow.Uint32(), [2 ** 32 - 1, 1, null, 0]),
    uint64: vectorOf(new arrow.Uint64(), [2n ** 64n - 1n, 1n, null, 0n]),
    float16: vectorOf(new arrow.Float16(), [0.333_251_953_125, -65_504, null, 6e-8]),
    float32: vectorOf(new arrow.Float32(), [Math.fround(0.1), -0, null, Number.NaN]),
    float64: vectorOf(new arrow.Float64(), [0.1, -0, null, Number.NEGATIVE_INFINITY]),
    decimal: vectorOf(new arrow.Decimal(4, 38, 128), [
      words(10n ** 38n - 1n),
      words(-12_345n),
      null,
      words(0n),
    ]),
    utf8: vectorOf(new arrow.Utf8(), ['', 'naïve 🎻 \u0000 text', null, 'x'.repeat(300)]),
    large_utf8: vectorOf(new arrow.LargeUtf8(), ['', 'größer', null, 'y']),
    binary: vectorOf(new arrow.Binary(), [bytes(), bytes(0, 255, 254), null, bytes(128)]),
    large_binary: vectorOf(new arrow.LargeBinary(), [bytes(), bytes(0, 255, 254), null, bytes(128)]),
    fixed_binary: vectorOf(new arrow.FixedSizeBinary(3), [
      bytes(1, 2, 3),
      bytes(0, 255, 254),
      null,
      bytes(0, 0, 0),
    ]),
    date32: vectorOf(new arrow.DateDay(), [
      new Date('1900-01-01'),
      new Date('2299-12-31'),
      null,
      new Date(0),
    ]),
    date64: vectorOf(new arrow.DateMillisecond(), [
      new Date('1900-01-01'),
      new Date('2299-12-31'),
      null,
      new Date(0),
    ]),
    timestamp_s: vectorOf(new arrow.TimestampSecond('UTC'), [
      instant('2026-11-22T10:15:00Z'),
      instant('1900-01-01T00:00:00Z'),
      null,
      -1000,
    ]),
    timestamp_ms: vectorOf(new arrow.TimestampMillisecond('America/New_York'), [
      at,
      instant('1900-01-01T00:00:00Z'),
      null,
      -1,
    ]),
    timestamp_ns: longs(new arrow.TimestampNanosecond('UTC'), [
      1n,
      -1n,
      undefined,
      1_795_342_500_123_456_789n,
    ]),
    wall_clock_us: longs(new arrow.TimestampMicrosecond(), [1n, -1n, undefined, 1_795_342_500_123_456n]),
    wall_clock_ns: longs(new arrow.TimestampNanosecond(), [1n, -1n, undefined, 1_795_342_500_123_456_789n]),
    time_s: vectorOf(new arrow.TimeSecond(), [0, 86_399, null, 3661]),
    time_ms: vectorOf(new arrow.TimeMillisecond(), [0, 86_399_999, null, 3_661_001]),
    time_us: vectorOf(new arrow.TimeMicrosecond(), [0n, 86_399_999_999n, null, 3_661_000_001n]),
    time_ns: vectorOf(new arrow.TimeNanosecond(), [0n, 86_399_999_999_999n, null, 3_661_000_001_999n]),
    duration: vectorOf(new arrow.DurationMillisecond(), [1n, -2n, null, 0n]),
    dictionary: vectorOf(new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), [
      'red',
      'blue',
      null,
      'red',
    ]),
    nothing: vectorOf(new arrow.Null(), [null, null, null, null]),
    list: vectorOf(list(new arrow.Int64()), [[1n, null, 2n ** 63n - 1n], [], null, [null]]),
    vector: vectorOf(new arrow.FixedSizeList(3, field('item', new arrow.Float32())), [
      [1, 2, 3],
      [-0, 0.1, 5],
      [0, 0, 0],
      [1e-45, 3e38, 7],
    ]),
    half_vector: vectorOf(new arrow.FixedSizeList(2, field('item', new arrow.Float16())), [
      [1, 2],
      [0.5, -2],
      [0, 0],
      [4, 65_504],
    ]),
    list_of_lists: vectorOf(list(list(new arrow.Utf8())), [[['a', null], null, []], [], null, [['b']]]),
    list_of_structs: vectorOf(list(reading), [
      [{ sensor: 'a', values: [1, null, -0], at }, null],
      [],
      null,
      [{ sensor: null, values: null, at: null }],
    ]),
    struct: vectorOf(outer, [
      { inner: { n: 1n }, flag: true },
      { inner: null, flag: false },
      null,
      { inner: { n: null }, flag: null },
    ]),
    map: vectorOf(new ArrowMap(new arrow.Field('entries', entries, false)), [
      new Map([
        ['a', 1],
        ['b', null],
      ]),
      new Map(),
      null,
      new Map([['z', -1]]),
    ]),
  };
}

/** The columns as a table, every one nullable. */
export function typeRows(): InstanceType<typeof arrow.Table> {
  const columns = typeColumns();
  const fields = Object.entries(columns).map(([name, { type }]) => field(name, type));
  return new arrow.Table(new arrow.Schema(fields), columns);
}
