import * as arrow from 'apache-arrow';
import { arrowTypeOf } from '@lance-offload/lancedb';
import type { DeltaType } from '@lance-offload/delta';
import type { LanceType } from '../../lancedb/src/lance-type.ts';
import { bitmapOf, nulls } from '../../lancedb/test/arrow-bodies.ts';
import type { MakeLeaf } from '../../lancedb/test/samples/nested.ts';

/** A source type with three values, and how the lake must hold them. */
export interface TypeSample {
  readonly lance: LanceType;
  readonly delta: DeltaType;
  readonly duckdb: string;
  /** The three values as DuckDB literals. */
  readonly literals: readonly [string, string, string];
  readonly leaf: MakeLeaf;
}

function typeOf(lance: LanceType): arrow.DataType {
  const type = arrowTypeOf(lance);
  if (!type) throw new Error(`no Arrow type for ${lance.type}`);
  return type;
}

type Raw =
  | Int8Array
  | Int16Array
  | Int32Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigInt64Array
  | BigUint64Array
  | Float32Array
  | Float64Array;

/** Values of a fixed width of `stride` elements; under a null lies the first one, or rubbish. */
function fixed(lance: LanceType, values: Raw): MakeLeaf {
  const stride = values.length / 3;
  return (picks) => {
    const data = new (values.constructor as new (length: number) => Uint8Array)(picks.length * stride);
    for (const [row, pick] of picks.entries())
      data.set(values.subarray((pick ?? 2) * stride, ((pick ?? 2) + 1) * stride) as Uint8Array, row * stride);
    return arrow.makeData({
      type: typeOf(lance) as arrow.Int64,
      ...nulls(picks.map((pick) => pick !== null)),
      data,
    });
  };
}

function variable(lance: LanceType, values: readonly (string | Uint8Array)[]): MakeLeaf {
  return (picks) => {
    const pieces = picks.map((pick) => (pick === null ? Buffer.alloc(0) : Buffer.from(values[pick] ?? '')));
    const ends = pieces.map((_, index) => Buffer.concat(pieces.slice(0, index + 1)).length);
    const large = lance.type.startsWith('large_');
    const valueOffsets = large ? BigInt64Array.from([0, ...ends], BigInt) : Int32Array.from([0, ...ends]);
    return arrow.makeData({
      type: typeOf(lance) as arrow.Binary,
      ...nulls(picks.map((pick) => pick !== null)),
      valueOffsets: valueOffsets as Int32Array,
      data: Buffer.concat(pieces),
    });
  };
}

const booleans: MakeLeaf = (picks) =>
  arrow.makeData({
    type: new arrow.Bool(),
    ...nulls(picks.map((pick) => pick !== null)),
    data: bitmapOf(picks.map((pick) => pick === 0 || pick === 2)),
  });

const nothing: MakeLeaf = (picks) => arrow.makeData({ type: new arrow.Null(), length: picks.length });

function number(
  type: string,
  delta: DeltaType,
  duckdb: string,
  values: Raw,
  texts: readonly string[] = Array.from(values, String),
): TypeSample {
  const literals = texts.map((value) => `'${value}'::${duckdb}`) as [string, string, string];
  return { lance: { type }, delta, duckdb, literals, leaf: fixed({ type }, values) };
}

function text(lance: LanceType, values: readonly [string, string, string]): TypeSample {
  const literals = values.map((value) => `'${value.replaceAll("'", "''")}'`) as [string, string, string];
  return { lance, delta: 'string', duckdb: 'VARCHAR', literals, leaf: variable(lance, values) };
}

const BYTES = [Uint8Array.of(0, 1, 255), Uint8Array.of(), Uint8Array.of(65)];
const BLOBS: [string, string, string] = [String.raw`'\x00\x01\xFF'::BLOB`, `''::BLOB`, `'A'::BLOB`];

/** 128- or 256-bit two's complement words of three decimals. */
function words(bits: 128 | 256, values: readonly bigint[]): Uint32Array {
  const count = bits / 32;
  return Uint32Array.from({ length: 3 * count }, (_, index) =>
    Number(
      (BigInt.asUintN(bits, values[Math.floor(index / count)] ?? 0n) >> BigInt((index % count) * 32)) &
        0xffff_ffffn,
    ),
  );
}

const LARGEST_38 = 10n ** 38n - 1n;
const DECIMAL_38 = [
  '99999999999999999999999999999999.999999',
  '-99999999999999999999999999999999.999999',
  '0.000001',
];
const UNITS = {
  s: [1n, ''],
  ms: [1000n, '.123'],
  us: [1_000_000n, '.123456'],
  ns: [1_000_000_000n, '.123456'],
} as const;

/** Three seconds, and the days they are of. */
interface Instants {
  readonly seconds: readonly [bigint, bigint, bigint];
  readonly days: readonly [string, string, string];
}

/** An instant after 1970, the last part of a second before it, and one that 64 bits of nanoseconds just hold. */
const WIDE: Instants = {
  seconds: [1_700_000_000n, -1n, -9_000_000_000n],
  days: ['2023-11-14 22:13:20', '1969-12-31 23:59:59', '1684-10-19 08:00:00'],
};

/** Years that 64 bits of nanoseconds do not hold. */
const FAR: Instants = {
  seconds: [253_402_300_799n, 9_300_000_000n, -62_135_596_800n],
  days: ['9999-12-31 23:59:59', '2264-09-14 21:20:00', '0001-01-01 00:00:00'],
};

function timestamps(unit: keyof typeof UNITS, zone: string, instants = WIDE): TypeSample {
  const [perSecond] = UNITS[unit];
  const fraction = { s: 0n, ms: 123n, us: 123_456n, ns: 123_456_789n }[unit];
  const zoned = zone !== '-';
  const [digits] = [UNITS[unit][1]];
  const literals = instants.days.map((day) =>
    zoned ? `TIMESTAMPTZ '${day}${digits}+00'` : `TIMESTAMP '${day}${digits}'`,
  ) as [string, string, string];
  const type = `timestamp:${unit}:${zone}`;
  const values = BigInt64Array.from(instants.seconds, (second) => second * perSecond + fraction);
  return {
    lance: { type },
    delta: zoned ? 'timestamp' : 'timestamp_ntz',
    duckdb: zoned ? 'TIMESTAMP WITH TIME ZONE' : 'TIMESTAMP',
    literals,
    leaf: fixed({ type }, values),
  };
}

function times(type: string, values: Raw, literals: [string, string, string]): TypeSample {
  return { lance: { type }, delta: 'string', duckdb: 'VARCHAR', literals, leaf: fixed({ type }, values) };
}

export const SAMPLES: readonly TypeSample[] = [
  {
    lance: { type: 'bool' },
    delta: 'boolean',
    duckdb: 'BOOLEAN',
    literals: ['true', 'false', 'true'],
    leaf: booleans,
  },
  number('int8', 'byte', 'TINYINT', Int8Array.of(-128, 0, 127)),
  number('int16', 'short', 'SMALLINT', Int16Array.of(-32768, 0, 32767)),
  number('uint8', 'short', 'SMALLINT', Uint8Array.of(0, 128, 255)),
  number('int32', 'integer', 'INTEGER', Int32Array.of(-(2 ** 31), 0, 2 ** 31 - 1)),
  number('uint16', 'integer', 'INTEGER', Uint16Array.of(0, 32768, 65535)),
  number('int64', 'long', 'BIGINT', BigInt64Array.of(-(2n ** 63n), 2n ** 53n + 1n, 2n ** 63n - 1n)),
  number('uint32', 'long', 'BIGINT', Uint32Array.of(0, 2 ** 31, 2 ** 32 - 1)),
  number('uint64', 'decimal(20,0)', 'DECIMAL(20,0)', BigUint64Array.of(0n, 2n ** 63n, 2n ** 64n - 1n)),
  number('halffloat', 'float', 'FLOAT', Uint16Array.of(0x3e00, 0xfc00, 0x7e00), ['1.5', '-inf', 'nan']),
  number('float', 'float', 'FLOAT', Float32Array.of(0.1, Number.NEGATIVE_INFINITY, Number.NaN), [
    '0.1',
    '-inf',
    'nan',
  ]),
  number('double', 'double', 'DOUBLE', Float64Array.of(0.1, Number.POSITIVE_INFINITY, Number.NaN), [
    '0.1',
    'inf',
    'nan',
  ]),
  number('decimal:128:10:3', 'decimal(10,3)', 'DECIMAL(10,3)', words(128, [1_234_567_891n, -1n, 0n]), [
    '1234567.891',
    '-0.001',
    '0',
  ]),
  number(
    'decimal:128:38:6',
    'decimal(38,6)',
    'DECIMAL(38,6)',
    words(128, [LARGEST_38, -LARGEST_38, 1n]),
    DECIMAL_38,
  ),
  number(
    'decimal:256:38:6',
    'decimal(38,6)',
    'DECIMAL(38,6)',
    words(256, [LARGEST_38, -LARGEST_38, 1n]),
    DECIMAL_38,
  ),
  text({ type: 'string' }, ['日本 🙂', '', "it's"]),
  text({ type: 'large_string' }, ['large', '', '日本']),
  {
    lance: { type: 'binary' },
    delta: 'binary',
    duckdb: 'BLOB',
    literals: BLOBS,
    leaf: variable({ type: 'binary' }, BYTES),
  },
  {
    lance: { type: 'large_binary' },
    delta: 'binary',
    duckdb: 'BLOB',
    literals: BLOBS,
    leaf: variable({ type: 'large_binary' }, BYTES),
  },
  {
    lance: { type: 'fixed_size_binary', length: 2 },
    delta: 'binary',
    duckdb: 'BLOB',
    literals: [String.raw`'\x00\xFF'::BLOB`, `'AB'::BLOB`, `'CD'::BLOB`],
    leaf: fixed({ type: 'fixed_size_binary', length: 2 }, Uint8Array.of(0, 255, 65, 66, 67, 68)),
  },
  number('date32:day', 'date', 'DATE', Int32Array.of(-1, 0, 20_000), [
    '1969-12-31',
    '1970-01-01',
    '2024-10-04',
  ]),
  number('date64:ms', 'date', 'DATE', BigInt64Array.of(-1n, 0n, 20_000n * 86_400_000n), [
    '1969-12-31',
    '1970-01-01',
    '2024-10-04',
  ]),
  ...(['s', 'ms', 'us', 'ns'] as const).flatMap((unit) => [timestamps(unit, '-'), timestamps(unit, 'UTC')]),
  timestamps('us', '+05:30'),
  times('time32:s', Int32Array.of(0, 3661, 86_399), [
    `'00:00:00.000000'`,
    `'01:01:01.000000'`,
    `'23:59:59.000000'`,
  ]),
  times('time32:ms', Int32Array.of(0, 3_661_001, 86_399_999), [
    `'00:00:00.000000'`,
    `'01:01:01.001000'`,
    `'23:59:59.999000'`,
  ]),
  times('time64:us', BigInt64Array.of(0n, 3_661_000_001n, 86_399_999_999n), [
    `'00:00:00.000000'`,
    `'01:01:01.000001'`,
    `'23:59:59.999999'`,
  ]),
  times('time64:ns', BigInt64Array.of(0n, 3_661_000_001_999n, 86_399_999_999_999n), [
    `'00:00:00.000000'`,
    `'01:01:01.000001'`,
    `'23:59:59.999999'`,
  ]),
  ...['s', 'ms', 'us', 'ns'].map((unit) =>
    number(`duration:${unit}`, 'long', 'BIGINT', BigInt64Array.of(-1n, 0n, 2n ** 63n - 1n)),
  ),
  {
    lance: { type: 'null' },
    delta: 'string',
    duckdb: 'VARCHAR',
    literals: ['NULL', 'NULL', 'NULL'],
    leaf: nothing,
  },
];

const ZONES = ['-', 'UTC', '+05:30'];

/** The first and the last year of Delta's, and one that nanoseconds do not reach. */
export const FAR_TIMESTAMPS: readonly TypeSample[] = ZONES.flatMap((zone) =>
  (['s', 'ms', 'us'] as const).map((unit) => timestamps(unit, zone, FAR)),
);

/** Floats at the edges of their types; readers that compare numbers take -0.0 for 0.0, those that compare bits do not. */
export const EDGE_FLOATS: readonly TypeSample[] = [
  number('halffloat', 'float', 'FLOAT', Uint16Array.of(0x8000, 0x0001, 0x7bff), [
    '-0.0',
    '5.9604645e-08',
    '65504',
  ]),
  number('float', 'float', 'FLOAT', Float32Array.of(-0, 2 ** -149, Number.POSITIVE_INFINITY), [
    '-0.0',
    '1e-45',
    'inf',
  ]),
  number('double', 'double', 'DOUBLE', Float64Array.of(-0, 2 ** -1074, Number.NEGATIVE_INFINITY), [
    '-0.0',
    '5e-324',
    '-inf',
  ]),
];
