import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { duckdbTypeOf, lakeTypeOf, isWidening } from '@lance-offload/delta';
import { arrowTypeOf, showLanceType } from '@lance-offload/lancedb';
import { castData } from '../../../delta/src/values/cast.ts';
import { canonicalDecimals, CANONICAL_DECIMAL_BYTES } from '../../../delta/src/values/canonical-decimals.ts';
import { fileStats } from '../../../delta/src/parquet/column-stats.ts';
import { writeParquet } from '../../../delta/src/parquet/parquet.ts';
import { hashRows } from '../../../delta/src/values/row-hash.ts';
import type { LakeType } from '../../../delta/src/types/lake-type.ts';
import { arrowTypeOfWide } from '../../../delta/src/types/type-widening.ts';
import { selectFromParquet } from '../read-parquet.ts';
import { DICTIONARIES, type Pick } from '../../../lancedb/test/samples/nested.ts';
import { SAMPLES, type TypeSample } from '../type-samples.ts';

const WIDE = [
  'short',
  'integer',
  'long',
  'double',
  'decimal(38,2)',
  'decimal(38,3)',
  'decimal(12,4)',
  'decimal(38,7)',
];
const PICKS: readonly Pick[] = [0, null, 1, 2];

function lakeOf(sample: TypeSample): LakeType {
  const type = arrowTypeOf(sample.lance);
  const lake = type && lakeTypeOf(type);
  if (!lake) throw new Error(`no lake type for ${sample.lance.type}`);
  return lake;
}

/** Every sample whose lake type another widens, with each that does. */
const widenings = SAMPLES.filter(({ lance }) => !lance.type.startsWith('duration')).flatMap((sample) =>
  WIDE.filter((to) => isWidening(sample.delta, to)).map((to) => ({
    title: `${showLanceType(sample.lance)} written as ${to}`,
    sample,
    to,
  })),
);

const columnOf = (data: arrow.Data) => [new arrow.Field('x', data.type, true)];
const hashes = (data: arrow.Data) => Array.from(hashRows(columnOf(data), [data], data.length));

async function readBack(data: arrow.Data, literals: readonly string[]): Promise<unknown[][]> {
  const parquet = writeParquet(columnOf(data), [[data]], [data.length]);
  const cases = literals.map((literal, row) => `WHEN ${row} THEN x IS NOT DISTINCT FROM ${literal}`);
  const numbered = 'SELECT x, row_number() OVER () - 1 AS row FROM page';
  return selectFromParquet(
    parquet,
    `SELECT any_value(typeof(x)), count(*)::INT, count(*) FILTER (CASE row ${cases.join(' ')} END)::INT FROM (${numbered})`,
  );
}

test('integers, floats and decimals are what widens', () => {
  expect([...new Set(widenings.map(({ sample }) => sample.lance.type))]).toEqual([
    'int8',
    'int16',
    'uint8',
    'int32',
    'uint16',
    'uint64',
    'halffloat',
    'float',
    'decimal:128:10:3',
  ]);
});

test.for(widenings)('$title keeps every value, and the nulls', async ({ sample, to }) => {
  const data = castData(sample.leaf(PICKS), arrowTypeOfWide(to));
  expect(lakeTypeOf(data.type)?.delta).toBe(to);
  const literals = PICKS.map((pick) =>
    pick === null ? 'NULL' : `(${sample.literals[pick]})::${duckdbTypeOf(to)}`,
  );
  expect(await readBack(data, literals)).toEqual([[duckdbTypeOf(to), PICKS.length, PICKS.length]]);
});

const inDictionaries = widenings.filter(
  ({ to }) => to === 'long' || to === 'double' || to === 'decimal(12,4)',
);

test.for(inDictionaries)('$title, as the values of a dictionary', async ({ sample, to }) => {
  const [dictionary] = DICTIONARIES;
  if (!dictionary) throw new Error('no dictionary');
  const data = castData(dictionary.data(sample.leaf), arrowTypeOfWide(to));
  const literals = dictionary.rows((pick) => (pick === null ? 'NULL' : sample.literals[pick]));
  expect(await readBack(data, literals)).toEqual([[duckdbTypeOf(to), literals.length, literals.length]]);
});

test.for(widenings)('$title hashes like itself', ({ sample, to }) => {
  const source = sample.leaf(PICKS);
  const narrow = hashes(castData(source, lakeOf(sample).arrow));
  expect(new Set(narrow).size).toBe(PICKS.length);
  expect(hashes(castData(source, arrowTypeOfWide(to)))).toEqual(narrow);
});

function decimals(precision: number, scale: number, bits: 128 | 256, values: readonly bigint[]): arrow.Data {
  const words = bits / 32;
  const data = new Uint32Array(values.length * words);
  for (const [row, value] of values.entries())
    for (let word = 0; word < words; word++)
      data[row * words + word] = Number(BigInt.asUintN(32, value >> BigInt(32 * word)));
  const type = new arrow.Decimal(scale, precision, bits);
  return arrow.makeData({ type, length: values.length, nullCount: 0, data });
}

const wordsOf = (data: arrow.Data): Uint32Array => data.values as Uint32Array;
const VALUES = [150n, 15_000n, 0n, -1n, -15_000n, 9_999_999_999n, 15n];

function canonical(scale: number, values: readonly bigint[]): string[] {
  const bytes = Buffer.from(canonicalDecimals(wordsOf(decimals(38, scale, 128, values)), scale));
  return values.map((_, row) =>
    bytes.toString('hex', row * CANONICAL_DECIMAL_BYTES, (row + 1) * CANONICAL_DECIMAL_BYTES),
  );
}

test('a decimal of 256 bits is widened like one of 128', () => {
  for (const to of ['decimal(12,2)', 'decimal(12,4)', 'decimal(38,10)']) {
    const [wide, narrow] = ([256, 128] as const).map((bits) =>
      castData(decimals(10, 2, bits, VALUES), arrowTypeOfWide(to)),
    );
    expect(wide && wordsOf(wide)).toEqual(narrow && wordsOf(narrow));
    expect(wide && lakeTypeOf(wide.type)?.delta).toBe(to);
  }
});

test('a decimal has the same canonical bytes with more places, and equal ones are equal numbers', () => {
  const expected = canonical(2, VALUES);
  expect(new Set(expected).size).toBe(VALUES.length);
  for (const places of [1, 2, 8])
    expect(
      canonical(
        2 + places,
        VALUES.map((value) => value * 10n ** BigInt(places)),
      ),
    ).toEqual(expected);
  expect(canonical(0, [15n])).toEqual(canonical(3, [15_000n]));
  expect(canonical(0, [15n, 150n, 1500n])).not.toContain(canonical(2, [15n])[0]);
});

test('a column that is no narrower than its target is handed on as it is', () => {
  for (const sample of SAMPLES.filter(({ lance }) =>
    ['int64', 'float', 'double', 'decimal:128:10:3'].includes(lance.type),
  )) {
    const data = sample.leaf(PICKS);
    expect(castData(data, lakeOf(sample).arrow)).toBe(data);
  }
});

test('the statistics of a widened column are those of its values in the wider type', () => {
  const data = castData(decimals(10, 2, 128, VALUES), arrowTypeOfWide('decimal(12,4)'));
  expect(fileStats(columnOf(data), [[data]], VALUES.length)).toBe(
    '{"numRecords":7,"minValues":{"x":-150.0000},"maxValues":{"x":99999999.9900},"nullCount":{"x":0},"tightBounds":true}',
  );
});
