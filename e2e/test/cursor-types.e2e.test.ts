import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cursorDuckdbLiteral, cursorWindowSql, maxCursorSql, quoteSourceColumn } from '@lance-offload/core';
import { withDuckDB } from '@lance-offload/delta';
import type { LanceField } from '@lance-offload/lancedb';
import { transformPage } from '@lance-offload/core/transform';
import { startServer } from '@lance-offload/lancedb-server';
import { connect, Index } from '@lancedb/lancedb';
import type { Data, DataType, Int32 } from 'apache-arrow';
import { expect, test as base } from 'vitest';
import { arrow } from '../src/arrow.ts';

const NEGATIVE_NAN = Symbol('NaN with its sign set, as x86 makes it of 0/0');
/** A value as the Arrow buffer holds it: half floats by their bits, decimals and instants as whole numbers. */
type Raw = number | bigint | string | typeof NEGATIVE_NAN | null;
type Numbers = Int32Array | BigInt64Array;

function setValue(data: Numbers, row: number, words: number, value: Exclude<Raw, string | null>): void {
  if (value === NEGATIVE_NAN) {
    data[row] = NaN;
    new Uint8Array(data.buffer)[(row + 1) * data.BYTES_PER_ELEMENT - 1] = 0xff;
  } else if (words === 1) {
    const isBig = data instanceof BigInt64Array || data instanceof BigUint64Array;
    data[row] = isBig ? value : Number(value);
  } else {
    for (let word = 0; word < words; word++)
      data[row * words + word] = Number((BigInt(value) >> BigInt(word * 32)) & 0xffff_ffffn);
  }
}

function numbersOf(type: DataType, values: readonly Raw[]): Data {
  const { ArrayType } = type as unknown as { ArrayType: new (length: number) => Numbers };
  const words = arrow.DataType.isDecimal(type) ? type.bitWidth / 32 : 1;
  const data = new ArrayType(values.length * words);
  const nullBitmap = new Uint8Array(Math.ceil(values.length / 8));
  for (const [row, value] of values.entries()) {
    if (value === null || typeof value === 'string') continue;
    nullBitmap[row >> 3] = (nullBitmap[row >> 3] ?? 0) | (1 << (row & 7));
    setValue(data, row, words, value);
  }
  return arrow.makeData({ type: type as Int32, length: values.length, nullBitmap, data: data as Int32Array });
}

function dataOf(type: DataType, values: readonly Raw[]): Data {
  if (!values.some((value) => typeof value === 'string')) return numbersOf(type, values);
  const [data] = arrow.vectorFromArray(values, type).data;
  if (!data) throw new Error('the column has no data');
  return data;
}

/** A table of ids and one more column, looked at through the REST API. */
interface Source {
  readonly field: LanceField;
  ids(filter: string): Promise<number[]>;
  count(filter: string): Promise<number>;
  /** Answers of `SELECT … FROM page`, where `page` is the staged Parquet file of the rows a filter leaves. */
  staged(filter: string, select: string): Promise<unknown[][]>;
  /** `false` for a type the engine has no index for. */
  index(): Promise<boolean>;
}

interface Fixtures {
  readonly tableOf: (name: string, type: DataType, values: readonly Raw[]) => Promise<Source>;
}

async function stage(columns: readonly LanceField[], body: Uint8Array, folder: string, select: string) {
  const { parquet } = transformPage({ bodies: [body], columns, runId: 'r', offloadedAtMs: 0 });
  await writeFile(path.join(folder, 'page.parquet'), parquet);
  return withDuckDB({}, async (connection) => {
    await connection.run(`SET TimeZone = 'Asia/Kathmandu'`);
    await connection.run(`CREATE VIEW page AS FROM '${path.join(folder, 'page.parquet')}'`);
    return (await connection.runAndReadAll(select)).getRowsJson();
  });
}

const test = base.extend<Fixtures>({
  tableOf: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `cursor-${task.id}-`));
    const db = await connect(folder);
    const server = await startServer({ uri: folder, port: 0 });
    const post = (operation: string, body: object) =>
      fetch(`${server.url}/v1/table/t/${operation}/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const query = async (filter: string): Promise<Uint8Array> => {
      const answer = await post('query', { vector: [], k: 100, filter, with_row_id: true });
      const body = new Uint8Array(await answer.arrayBuffer());
      if (!answer.ok) throw new Error(Buffer.from(body).toString());
      return body;
    };
    await use(async (name, type, values) => {
      const fields = [new arrow.Field('id', new arrow.Int32(), true), new arrow.Field(name, type, true)];
      const schema = new arrow.Schema(fields);
      const children = [numbersOf(new arrow.Int32(), [...values.keys()]), dataOf(type, values)];
      const struct = arrow.makeData({
        type: new arrow.Struct(fields),
        length: values.length,
        nullCount: 0,
        children,
      });
      const table = await db.createEmptyTable('t', schema);
      await table.add(new arrow.Table(schema, new arrow.RecordBatch(schema, struct)));
      const { schema: described } = JSON.parse(await (await post('describe', {})).text());
      const columns: LanceField[] = described.fields;
      const field = columns.find((column) => column.name === name);
      if (!field) throw new Error(`${name} is not described`);
      return {
        field,
        ids: async (filter) =>
          [...(arrow.tableFromIPC(await query(filter)).getChild('id') ?? [])]
            .map(Number)
            .toSorted((a, b) => a - b),
        count: async (filter) => Number(await (await post('count_rows', { predicate: filter })).text()),
        staged: async (filter, select) => stage(columns, await query(filter), folder, select),
        index: () =>
          table.createIndex(name, { config: Index.btree() }).then(
            () => true,
            () => false,
          ),
      };
    });
    await server.close();
    db.close();
    await rm(folder, { recursive: true });
  },
});

/** Values of a column: what comes before the boundary, all that is the boundary in the lake, and what comes after. */
interface Sample {
  /** The boundary as text. */
  readonly text: string;
  readonly before: readonly Raw[];
  readonly boundary: readonly Raw[];
  readonly after: readonly Raw[];
  /** Values that have no place in the order; a null is always among them. */
  readonly unordered?: readonly Raw[];
}

/** A type's name at Lance, the type, its name in the lake, and samples of it. */
type Column = readonly [name: string, type: DataType, lake: string, samples: readonly Sample[]];

const MAX = 2n ** 63n - 1n;
const LARGEST_38 = 10n ** 38n - 1n;

/** Near the greatest of an integer type, at it, and at the least. */
function ends(least: bigint, greatest: bigint): Sample[] {
  const [second, third] = [greatest - 1n, greatest - 2n];
  return [
    { text: String(second), before: [least, third], boundary: [second, second], after: [greatest] },
    { text: String(greatest), before: [least, second], boundary: [greatest], after: [greatest] },
    { text: String(least), before: [], boundary: [least, least], after: [least + 1n, greatest] },
  ];
}

const signed = (bits: bigint) => ends(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n);
const unsigned = (bits: bigint) => ends(0n, 2n ** bits - 1n);

const INTEGERS: readonly Column[] = [
  ['int8', new arrow.Int8(), 'byte', signed(8n)],
  ['int16', new arrow.Int16(), 'short', signed(16n)],
  ['int32', new arrow.Int32(), 'integer', signed(32n)],
  ['int64', new arrow.Int64(), 'long', signed(64n)],
  ['uint8', new arrow.Uint8(), 'short', unsigned(8n)],
  ['uint16', new arrow.Uint16(), 'integer', unsigned(16n)],
  ['uint32', new arrow.Uint32(), 'long', unsigned(32n)],
  ['uint64', new arrow.Uint64(), 'decimal(20,0)', unsigned(64n)],
];

/** Half floats by their bits: 0x2e66 is the nearest to 0.1, 0x7c00 infinity, 0x7e00 and 0xfe00 are NaN. */
const HALVES: readonly Sample[] = [
  { text: '0.0999755859375', before: [0xfc00, 0x2e65], boundary: [0x2e66], after: [0x2e67, 0x7c00] },
  { text: '5.960464477539063e-08', before: [0x8001, 0x8000, 0], boundary: [1], after: [2, 0x7bff] },
];
const SINGLES: readonly Sample[] = [
  { text: '0.699999988079071', before: [-Infinity, 0.7 - 1e-7], boundary: [0.7], after: [0.7 + 1e-7] },
  { text: '1.401298464324817e-45', before: [-1, 0], boundary: [1e-45], after: [3e-45, Infinity] },
];
const DOUBLES: readonly Sample[] = [
  { text: '0.30000000000000004', before: [0.3], boundary: [0.1 + 0.2], after: [0.300_000_000_000_000_1] },
  { text: '1e+300', before: [9.999_999e299], boundary: [1e300], after: [Infinity] },
  { text: '0.0', before: [-5e-324], boundary: [0, -0], after: [5e-324, -0] },
];
const withNaN = (samples: readonly Sample[], ...unordered: readonly Raw[]): Sample[] =>
  samples.map((sample) => ({ ...sample, unordered }));

const FLOATS: readonly Column[] = [
  ['halffloat', new arrow.Float16(), 'float', withNaN(HALVES, 0x7e00, 0xfe00)],
  ['float', new arrow.Float32(), 'float', withNaN(SINGLES, NaN, NEGATIVE_NAN)],
  ['double', new arrow.Float64(), 'double', withNaN(DOUBLES, NaN, NEGATIVE_NAN)],
];

const IN_9_DIGITS: Sample = { text: '1.001', before: [-1001n, 1000n], boundary: [1001n], after: [1002n] };
const IN_38_DIGITS: Sample = {
  text: `${'9'.repeat(35)}.998`,
  before: [-LARGEST_38, LARGEST_38 - 2n],
  boundary: [LARGEST_38 - 1n],
  after: [LARGEST_38],
};
const IN_38_PLACES: Sample = {
  text: `-.${'0'.repeat(37)}1`,
  before: [-LARGEST_38, -2n],
  boundary: [-1n],
  after: [0n, LARGEST_38],
};
const DECIMALS = ([128, 256] as const).flatMap((bits): Column[] => [
  [`decimal:${bits}:9:3`, new arrow.Decimal(3, 9, bits), 'decimal(9,3)', [IN_9_DIGITS]],
  [`decimal:${bits}:38:3`, new arrow.Decimal(3, 38, bits), 'decimal(38,3)', [IN_38_DIGITS]],
  [`decimal:${bits}:38:38`, new arrow.Decimal(38, 38, bits), 'decimal(38,38)', [IN_38_PLACES]],
]);

const TEXTS: readonly Sample[] = [
  {
    text: `it's "so" \\n`,
    before: ['', `it's "sn`],
    boundary: [`it's "so" \\n`],
    after: [`it's "so" \\o`, 'é'],
  },
  { text: '', before: [], boundary: ['', ''], after: ['\0', 'a'] },
  { text: '😀', before: ['é', '\uFFFD'], boundary: ['😀'], after: ['😁'] },
];
const STRINGS: readonly Column[] = [
  ['string', new arrow.Utf8(), 'string', TEXTS],
  ['large_string', new arrow.LargeUtf8(), 'string', TEXTS],
  ['dict:string', new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32()), 'string', TEXTS],
];

const DAYS: readonly Sample[] = [
  { text: '2024-01-01', before: [19_722], boundary: [19_723], after: [19_724] },
  { text: '-43-03-15', before: [-735_161], boundary: [-735_160], after: [-735_159, 0] },
  { text: '10000-01-01', before: [2_932_896], boundary: [2_932_897], after: [2_932_898, 2 ** 31 - 1] },
];
const DAY = 86_400_000n;
/** With the time of day, which the lake cuts. */
const MILLISECONDS: readonly Sample[] = [
  {
    text: '2024-01-01',
    before: [19_723n * DAY - 1n],
    boundary: [19_723n * DAY, 19_724n * DAY - 1n],
    after: [19_724n * DAY],
  },
  { text: '1969-12-31', before: [-DAY - 1n], boundary: [-1n, -DAY], after: [0n, 1n] },
  { text: '10000-01-01', before: [0n], boundary: [2_932_897n * DAY + 7n], after: [2_932_898n * DAY] },
];
const DATES: readonly Column[] = [
  ['date32:day', new arrow.DateDay(), 'date', DAYS],
  ['date64:ms', new arrow.DateMillisecond(), 'date', MILLISECONDS],
];

const IN_2024 = 1_720_000_000n;
const INSTANTS = [
  [IN_2024, '2024-07-03T09:46:40.000000'],
  [-5n, '1969-12-31T23:59:55.000000'],
  [253_402_300_800n, '10000-01-01T00:00:00.000000'],
  [-99_167_219_200n, '-1173-07-08T06:13:20.000000'],
] as const;

/** The boundary is an instant; of nanoseconds, all that are one microsecond in the lake. */
function around(seconds: bigint, text: string, perSecond: bigint): Sample {
  const at = seconds * perSecond;
  const inNanoseconds = perSecond === 1_000_000_000n;
  const after = at + (inNanoseconds ? 1000n : 1n);
  return {
    text,
    before: [at - 1n],
    boundary: inNanoseconds ? [at + 999n, at, at + 1n] : [at],
    after: [after, after + 7200n * perSecond],
  };
}

const TIMESTAMPS = (
  [
    ['s', arrow.TimeUnit.SECOND, 1n],
    ['ms', arrow.TimeUnit.MILLISECOND, 1000n],
    ['us', arrow.TimeUnit.MICROSECOND, 1_000_000n],
    ['ns', arrow.TimeUnit.NANOSECOND, 1_000_000_000n],
  ] as const
).flatMap(([name, unit, perSecond]) => {
  const instants = INSTANTS.slice(0, name === 'ns' ? 2 : 4); // nanoseconds end in 2262
  const samples = (zone: string) => instants.map(([at, text]) => around(at, text + zone, perSecond));
  return [
    [`timestamp:${name}:-`, new arrow.Timestamp(unit), 'timestamp_ntz', samples('')] as const,
    ...['UTC', 'Europe/Paris', 'America/New_York'].map(
      (zone) =>
        [`timestamp:${name}:${zone}`, new arrow.Timestamp(unit, zone), 'timestamp', samples('Z')] as const,
    ),
  ];
});

const LAST_US: readonly Sample[] = [
  { text: 'infinity', before: [0n, MAX - 1n], boundary: [MAX], after: [MAX] },
  { text: '294247-01-10T04:00:54.775806Z', before: [MAX - 2n], boundary: [MAX - 1n], after: [MAX] },
];
const LAST_NS: readonly Sample[] = [
  { text: '2262-04-11T23:47:16.854775', before: [0n, MAX - 1000n], boundary: [MAX], after: [MAX - 1n] },
];
const LAST_INSTANTS: readonly Column[] = [
  ['timestamp:us:UTC', new arrow.TimestampMicrosecond('UTC'), 'timestamp', LAST_US],
  ['timestamp:us:Asia/Tokyo', new arrow.TimestampMicrosecond('Asia/Tokyo'), 'timestamp', LAST_US],
  ['timestamp:ns:-', new arrow.TimestampNanosecond(), 'timestamp_ntz', LAST_NS],
];

const CASES = [INTEGERS, FLOATS, DECIMALS, STRINGS, DATES, TIMESTAMPS, LAST_INSTANTS]
  .flat()
  .flatMap(([name, type, lake, samples]) => samples.map((sample) => ({ name, type, lake, ...sample })));

test.for(CASES)(
  'the window of a $name cursor at $text has the rows from there on, and no other',
  async (sample, { tableOf }) => {
    const { before, boundary, after, unordered = [] } = sample;
    const committed = [...before, ...boundary, ...unordered, null];
    const values = [...committed, ...after];
    const source = await tableOf('c', sample.type, values);
    const lake = await source.staged(
      `id < ${committed.length}`,
      `SELECT ${maxCursorSql(sample.lake, 'c')} FROM page`,
    );
    expect(lake).toEqual([[sample.text]]);

    const window = cursorWindowSql(source.field, sample.text);
    const expected = [...values.keys()].slice(before.length);
    expect(await source.ids(window)).toEqual(expected);
    expect(await source.count(window)).toBe(expected.length);
    // The lake finds the same rows among its own.
    const inLake = `SELECT id FROM page WHERE c >= ${cursorDuckdbLiteral(sample.lake, sample.text)} OR c IS NULL ORDER BY id`;
    expect((await source.staged('true', inLake)).flat()).toEqual(expected);

    const indexed = await source.index();
    expect(indexed).toBe(!/^(decimal|dict|large_string)/.test(sample.name));
    if (!indexed) return;
    expect(await source.ids(window), 'with an index').toEqual(expected);
    expect(await source.count(window), 'with an index').toBe(expected.length);
  },
);

/** Columns whose type has changed since: the lake's, the cursor, the source's, and rows of it before and after. */
const CHANGED: readonly (readonly [string, string, DataType, readonly Raw[], readonly Raw[]])[] = [
  ['float', '0.699999988079071', new arrow.Float64(), [0.699_999_9], [Math.fround(0.7), 0.7]],
  ['double', '1e+300', new arrow.Float32(), [3.4e38], [Infinity]],
  ['short', '300', new arrow.Uint8(), [255], []],
  ['long', '-9223372036854775808', new arrow.Uint32(), [], [0, 2 ** 32 - 1]],
  ['decimal(22,2)', '5.50', new arrow.Uint64(), [5n], [6n, 2n ** 64n - 1n]],
  ['decimal(9,2)', '1.50', new arrow.Decimal(5, 20, 128), [149_999n], [150_000n]],
  ['timestamp_ntz', '2024-07-03T09:46:40.000001', new arrow.TimestampSecond(), [IN_2024], [IN_2024 + 1n]],
  ['timestamp_ntz', '9999-12-31T00:00:00.000000', new arrow.TimestampNanosecond(), [MAX - 1n], []],
];

test.for(CHANGED)(
  'the window of a %s cursor at %s is in the order of a source column that is now %s',
  async ([, text, type, before, from], { tableOf }) => {
    const values = [...before, ...from, null];
    const source = await tableOf('c', type, values);
    const expected = [...values.keys()].slice(before.length);
    expect(await source.ids(cursorWindowSql(source.field, text))).toEqual(expected);
  },
);

const NAMES = 'Updated At|select|NULL|it\'s|größe|日付|1st|a/b\\c|"x"|a"b| |x) OR (true|a\nb'.split('|');

test.for(NAMES)('a column named %j is filtered by', async (name, { tableOf }) => {
  const source = await tableOf(name, new arrow.Int64(), [1n, 2n, null]);
  expect(await source.ids(cursorWindowSql(source.field, '2'))).toEqual([1, 2]);
});

test('a back-quoted name is one column, whatever its case twins are called', async ({ tableOf }) => {
  const source = await tableOf('ID', new arrow.Int64(), [7n, 8n]);
  expect(await source.ids(`${quoteSourceColumn('ID')} >= 8`)).toEqual([1]);
  expect(await source.ids(`${quoteSourceColumn('id')} >= 1`)).toEqual([1]);
});
