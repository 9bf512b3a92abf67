import * as arrow from 'apache-arrow';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withDuckDB } from '@lance-offload/delta';
import { arrowTypeOf } from '@lance-offload/lancedb';
import {
  cursorDuckdbLiteral,
  cursorWindowSql,
  isCursorType,
  maxCursorSql,
  quoteSourceColumn,
} from '../../src/plan/cursor-value.ts';
import { bodyOf, column, rowIds } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';
import { selectFromParquet, transform } from '../read-parquet.ts';

const COLUMN = '"at ""it"';

/** What the greatest of some values becomes as text, and how many of them its literal is equal to and below. */
interface RoundTrip {
  readonly text: unknown;
  readonly sameType?: unknown;
  readonly equal?: unknown;
  readonly above?: unknown;
}

/** Brings the greatest of some DuckDB expressions to text in one time zone, and back in another. */
async function roundTrip(lake: string, duckdb: string, values: readonly string[]): Promise<RoundTrip> {
  return withDuckDB({}, async (connection) => {
    const ask = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJson()[0] ?? [];
    await connection.run(`CREATE TABLE t (${COLUMN} ${duckdb})`);
    for (const value of values) await connection.run(`INSERT INTO t VALUES (CAST(${value} AS ${duckdb}))`);
    await connection.run(`SET TimeZone = 'Asia/Kathmandu'`);
    const [text] = await ask(`SELECT ${maxCursorSql(lake, COLUMN)} FROM t`);
    if (typeof text !== 'string') return { text };
    await connection.run(`SET TimeZone = 'America/New_York'`);
    const literal = cursorDuckdbLiteral(lake, text);
    const count = (operator: string) => `count(*) FILTER (${COLUMN} ${operator} ${literal})::INTEGER`;
    const [sameType, equal, above] = await ask(
      `SELECT typeof(${literal}) = any_value(typeof(${COLUMN})), ${count('=')}, ${count('>')} FROM t`,
    );
    return { text, sameType, equal, above };
  });
}

const quoted = (...values: readonly string[]) => values.map((value) => `'${value}'`);
const LARGEST_38 = '9'.repeat(38);

interface Sample {
  readonly lake: string;
  readonly duckdb: string;
  /** DuckDB expressions, least first, without repeats. */
  readonly values: readonly string[];
  readonly text: string;
}

const ZONED = 'TIMESTAMP WITH TIME ZONE';

const SAMPLES: readonly Sample[] = [
  { lake: 'byte', duckdb: 'TINYINT', values: ['-128', '-1'], text: '-1' },
  { lake: 'short', duckdb: 'SMALLINT', values: ['-32768', '32767'], text: '32767' },
  { lake: 'integer', duckdb: 'INTEGER', values: ['-2147483648'], text: '-2147483648' },
  {
    lake: 'long',
    duckdb: 'BIGINT',
    values: ['9223372036854775806', '9223372036854775807'],
    text: '9223372036854775807',
  },
  { lake: 'long', duckdb: 'BIGINT', values: quoted('-9223372036854775808'), text: '-9223372036854775808' },
  {
    lake: 'decimal(20,0)',
    duckdb: 'DECIMAL(20,0)',
    values: ['18446744073709551614', '18446744073709551615'],
    text: '18446744073709551615',
  },
  {
    lake: 'decimal(38,0)',
    duckdb: 'DECIMAL(38,0)',
    values: quoted(`-${LARGEST_38}`, LARGEST_38),
    text: LARGEST_38,
  },
  {
    lake: 'decimal(38,38)',
    duckdb: 'DECIMAL(38,38)',
    values: quoted(`-.${LARGEST_38}`, `-.${'0'.repeat(37)}1`),
    text: `-.${'0'.repeat(37)}1`,
  },
  { lake: 'decimal(9,2)', duckdb: 'DECIMAL(9,2)', values: quoted('-7.00', '1.50'), text: '1.50' },
  { lake: 'float', duckdb: 'FLOAT', values: quoted('0.09999999', '0.1'), text: '0.10000000149011612' },
  { lake: 'float', duckdb: 'FLOAT', values: quoted('-1', '1e-45'), text: '1.401298464324817e-45' },
  { lake: 'float', duckdb: 'FLOAT', values: quoted('3.4028235e38'), text: '3.4028234663852886e+38' },
  { lake: 'float', duckdb: 'FLOAT', values: quoted('-inf', '1'), text: '1.0' },
  { lake: 'double', duckdb: 'DOUBLE', values: quoted('-0.0'), text: '-0.0' },
  { lake: 'double', duckdb: 'DOUBLE', values: quoted('0', '5e-324'), text: '5e-324' },
  {
    lake: 'double',
    duckdb: 'DOUBLE',
    values: quoted('0.3', '0.30000000000000004'),
    text: '0.30000000000000004',
  },
  { lake: 'string', duckdb: 'VARCHAR', values: quoted(''), text: '' },
  { lake: 'string', duckdb: 'VARCHAR', values: quoted('it', `it''s "so" \\n`), text: `it's "so" \\n` },
  { lake: 'string', duckdb: 'VARCHAR', values: quoted('Z', 'é', '\uFFFD', '😀'), text: '😀' },
  { lake: 'date', duckdb: 'DATE', values: quoted('1582-10-14', '1969-12-31'), text: '1969-12-31' },
  { lake: 'date', duckdb: 'DATE', values: quoted('9999-12-31', '10000-01-01'), text: '10000-01-01' },
  { lake: 'date', duckdb: 'DATE', values: quoted('0044-03-15 (BC)'), text: '-43-03-15' },
  { lake: 'date', duckdb: 'DATE', values: quoted('5881580-07-10', 'infinity'), text: 'infinity' },
  ...['', 'Z'].flatMap((zone): Sample[] => {
    const [lake, duckdb] = zone ? ['timestamp', ZONED] : ['timestamp_ntz', 'TIMESTAMP'];
    const sample = (before: string, text: string): Sample => ({
      lake,
      duckdb,
      values: quoted(before, `${text}${zone}`),
      text: `${text}${zone}`,
    });
    return [
      sample('2024-11-03T05:30:00Z', '2024-11-03T05:30:00.000001'), // an hour that New York has twice
      sample('1969-12-31T23:59:59.999998Z', '1969-12-31T23:59:59.999999'),
      sample('2000-01-01', '9999-12-31T23:59:59.999999'),
      sample('2000-01-01', '10000-01-01T00:00:00.000000'),
      sample('2000-01-01', '294247-01-10T04:00:54.775806'),
      sample('-290308-12-22T00:00:00Z', '-1173-07-08T06:13:20.500000'),
      { lake, duckdb, values: quoted('2000-01-01', 'infinity'), text: 'infinity' },
      { lake, duckdb, values: quoted('-infinity'), text: '-infinity' },
    ];
  }),
];

test.for(SAMPLES)('the greatest $lake of $values is $text, and comes back from it', async (sample) => {
  const { lake, duckdb, values, text } = sample;
  expect(await roundTrip(lake, duckdb, [...values, 'NULL'])).toEqual({
    text,
    sameType: true,
    equal: 1,
    above: 0,
  });
});

test.for([...new Set(SAMPLES.map(({ lake }) => lake))])(
  'a %s column without a value has no greatest',
  async (lake) => {
    const duckdb = SAMPLES.find((sample) => sample.lake === lake)?.duckdb ?? '';
    expect(await roundTrip(lake, duckdb, ['NULL'])).toEqual({ text: null });
    expect(await roundTrip(lake, duckdb, [])).toEqual({ text: null });
  },
);

test('a string with a NUL in it comes back', async () => {
  const values = [`'a'`, `'a' || chr(0) || 'b'`];
  expect(await roundTrip('string', 'VARCHAR', values)).toEqual({
    text: 'a\0b',
    sameType: true,
    equal: 1,
    above: 0,
  });
});

test.for(['float', 'double'])('a NaN is no value of a %s cursor', async (lake) => {
  expect(await roundTrip(lake, lake, quoted('NaN', '-NaN'))).toEqual({ text: null });
  expect(await roundTrip(lake, lake, quoted('NaN', '0.5'))).toMatchObject({ text: '0.5', equal: 1 });
});

test('any float and any instant comes back from its text', async () => {
  await withDuckDB({}, async (connection) => {
    const ask = async (select: string) => (await connection.runAndReadAll(`SELECT ${select}`)).getRowsJson();
    const comesBack = async (lake: string, value: string) => {
      const [[text] = []] = await ask(`${maxCursorSql(lake, 'v')} FROM (SELECT ${value} AS v)`);
      if (typeof text !== 'string') throw new TypeError(`${value} has no text`);
      expect(await ask(`${cursorDuckdbLiteral(lake, text)} = ${value}`), `${value} as ${text}`).toEqual([
        [true],
      ]);
    };
    await connection.run(`SET TimeZone = 'Asia/Kathmandu'`);
    const numbers = { noNaN: true, noDefaultInfinity: true };
    await fc.assert(
      fc.asyncProperty(
        fc.float(numbers),
        fc.double(numbers),
        fc.bigInt({ min: -9223372022400000000n, max: 9223372036854775806n }),
        async (float, double, us) => {
          await comesBack('float', `'${float}'::FLOAT`);
          await comesBack('double', `'${double}'::DOUBLE`);
          await comesBack('timestamp', `make_timestamptz(${us})`);
          await comesBack('timestamp_ntz', `make_timestamp(${us})`);
        },
      ),
    );
  });
});

/** The greatest of some microseconds since 1970, as a staged file holds them. */
async function greatestStaged(...values: readonly bigint[]): Promise<unknown> {
  const type = new arrow.TimestampMicrosecond('UTC');
  const c = arrow.makeData({ type, length: values.length, nullCount: 0, data: BigInt64Array.from(values) });
  const body = bodyOf([{ c, _rowid: rowIds(0, values.length) }]);
  const { parquet } = transform([body], [column('c', 'timestamp:us:UTC')]);
  return (await selectFromParquet(parquet, `SELECT ${maxCursorSql('timestamp', 'c')} FROM page`))[0]?.[0];
}

test('the ends of what Parquet holds of a timestamp are those of DuckDB', async () => {
  expect(await greatestStaged(0n, 2n ** 63n - 1n)).toBe('infinity');
  expect(await greatestStaged(0n, 2n ** 63n - 2n)).toBe('294247-01-10T04:00:54.775806Z');
  expect(await greatestStaged(-(2n ** 63n) + 1n)).toBe('-infinity');
});

const CURSORS =
  'int8 int16 int32 int64 uint8 uint16 uint32 uint64 halffloat float double decimal:128:38:38 decimal:256:38:0 string large_string dict:string:int16:false dict:large_string:int32:false date32:day date64:ms timestamp:s:- timestamp:ms:UTC timestamp:us:+05:30 timestamp:ns:Europe/Paris'.split(
    ' ',
  );
const NO_CURSORS =
  'bool binary large_binary null time32:s time64:ns duration:us decimal:256:39:0 dict:int32:int8:false'.split(
    ' ',
  );

function isCursor(type: string): boolean {
  const known = arrowTypeOf({ type });
  if (!known) throw new Error(`no Arrow type for ${type}`);
  return isCursorType(known);
}

describe('which types can be a cursor', () => {
  test.for(CURSORS)('%s can', (type) => {
    expect(isCursor(type)).toBe(true);
  });

  test.for(NO_CURSORS)('%s cannot', (type) => {
    expect(isCursor(type)).toBe(false);
  });

  test('a list cannot', () => {
    expect(isCursorType(new arrow.List(new arrow.Field('item', new arrow.Int32(), true)))).toBe(false);
  });
});

const PARIS_MS = 'Timestamp(Millisecond, Some("Europe/Paris"))';

/** Source type, cursor text, and the literal that the window compares with; what it finds is for the e2e test. */
const LITERALS: readonly [string, string, string][] = [
  ['int8', '-9223372036854775808', `CAST('-9223372036854775808' AS bigint)`],
  ['uint32', '7', `CAST('7' AS bigint)`],
  ['uint64', '18446744073709551615', `decimal(20,0) '18446744073709551615'`],
  ['uint64', '5.50', `decimal(22,2) '5.50'`],
  ['decimal:128:9:3', '1.001', `decimal(9,3) '1.001'`],
  ['decimal:128:9:3', '-1.5', `decimal(9,3) '-1.5'`],
  ['decimal:128:9:3', '1234567.00001', `decimal(12,5) '1234567.00001'`],
  ['decimal:256:38:38', '-.5', `decimal(38,38) '-.5'`],
  ['string', `it's`, `'it''s'`],
  ['dict:string:int16:false', '', `''`],
  ['date32:day', '2024-02-29', `date '2024-02-29'`],
  ['date64:ms', '10000-01-01', `CAST(CAST('2932897' AS int) AS date)`],
  ['date32:day', '-43-03-15', `CAST(CAST('-735160' AS int) AS date)`],
  ['date32:day', '5881580-07-10', `CAST(CAST('2147483646' AS int) AS date)`],
  ['date32:day', 'infinity', `CAST(CAST('2147483647' AS int) AS date)`],
  ['timestamp:s:-', '2024-07-03T09:46:40.000000', `timestamp(0) '2024-07-03 09:46:40.000000'`],
  ['timestamp:s:-', '2024-07-03T09:46:40.000001', `CAST(CAST('1720000001' AS bigint) AS timestamp(0))`],
  ['timestamp:s:-', '1969-12-31T23:59:59.999999', `CAST(CAST('0' AS bigint) AS timestamp(0))`],
  ['timestamp:us:UTC', '1969-12-31T23:59:59.999999Z', `timestamp(6) '1969-12-31 23:59:59.999999'`],
  [
    'timestamp:us:UTC',
    '294247-01-10T04:00:54.775806Z',
    `arrow_cast(CAST('9223372036854775806' AS bigint), 'Timestamp(Microsecond, Some("UTC"))')`,
  ],
  [
    'timestamp:us:-',
    '-290308-12-22T00:00:00.000000',
    `CAST(CAST('-9223372022400000000' AS bigint) AS timestamp(6))`,
  ],
  ['timestamp:us:-', '-infinity', `CAST(CAST('-9223372036854775807' AS bigint) AS timestamp(6))`],
  ['timestamp:ns:-', '2024-07-03T09:46:40.000001', `timestamp(9) '2024-07-03 09:46:40.000001'`],
  [
    'timestamp:ns:-',
    '9999-12-31T00:00:00.000000',
    `CAST(CAST('9223372036854775807' AS bigint) AS timestamp(9))`,
  ],
  [
    'timestamp:ms:Europe/Paris',
    '2024-07-03T09:46:40.000000Z',
    `arrow_cast('2024-07-03T09:46:40.000000Z', '${PARIS_MS}')`,
  ],
  [
    'timestamp:ms:Europe/Paris',
    '10000-01-01T00:00:00.000000Z',
    `arrow_cast(CAST('253402300800000' AS bigint), '${PARIS_MS}')`,
  ],
];

test.for(LITERALS)('the window of a %s cursor at %s begins with %s', ([type, text, literal]) => {
  expect(cursorWindowSql(column('c', type), text)).toBe(`(\`c\` >= ${literal} OR \`c\` IS NULL)`);
});

test.for([
  ['0.10000000149011612', '0.10000000149011612'],
  ['0.0', '-0.0'],
  ['-inf', '-inf'],
])(
  'the window of a float cursor at %s is compared as doubles from %s on, and has every NaN',
  ([text = '', from]) => {
    const expected = `(\`c\` >= CAST('${from}' AS double) OR \`c\` IS NULL OR isnan(\`c\`))`;
    for (const type of ['halffloat', 'float', 'double'])
      expect(cursorWindowSql(column('c', type), text)).toBe(expected);
  },
);

test.for([
  ['int32', 'x'],
  ['int32', '1.5'],
  ['int32', ''],
  ['double', `1' OR '1'='1`],
  ['double', ''],
  ['decimal:128:9:3', '.'],
  ['uint64', 'NaN'],
  ['date32:day', '2024'],
  ['timestamp:us:UTC', 'yesterday'],
  ['bool', 'true'],
  ['an-extension-of-later', '1'],
])('a window of a %s cursor at "%s" is refused', ([type = '', text = '']) => {
  const refused = () => cursorWindowSql(column('c', type), text);
  expect(expectCode(refused, 'CONFIG_INVALID', /"c".*--full/).details).toEqual({ column: 'c' });
});

test.for(['Updated At', 'select', `it's`, 'größe', '日付', '1st', 'a/b\\c', '"x"'])(
  'a filter names the column %s in back-quotes',
  (name) => {
    expect(quoteSourceColumn(name)).toBe(`\`${name}\``);
  },
);

test.for(['a.b', '`', 'a`b', ''])('a filter cannot name the column "%s"', (name) => {
  const { details } = expectCode(() => quoteSourceColumn(name), 'CONFIG_INVALID', /cannot filter/);
  expect(details).toEqual({ column: name });
});
