import { createHash } from 'node:crypto';
import * as arrow from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { expect, test } from 'vitest';
import xxhash from 'xxhash-wasm';
import { fileStats } from '../../../delta/src/parquet/column-stats.ts';
import { LARGE_ROW_BYTES, LARGE_VALUE_BYTES } from '../../../delta/src/parquet/large-values.ts';
import { transformPage } from '../../src/stage/transform-page.ts';
import { hashRows } from '../../../delta/src/values/row-hash.ts';
import {
  bodyOf,
  column,
  float32,
  int32,
  int64,
  nulls,
  rowIds,
  utf8,
  type Columns,
} from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';
import { selectFromParquet, transform } from '../read-parquet.ts';

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

/** Bytes that repeat after a prime number of them: letters. */
function lettersOf(length: number, from: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = 97 + ((at + from) % 23);
  return bytes;
}

/** Texts or binaries of any layout; `undefined` is null, over bytes of its own that do not count. */
function bytesOf(type: arrow.DataType, values: readonly (Uint8Array | undefined)[]): arrow.Data {
  const stored = values.map((value) => value ?? lettersOf(5, 0));
  const ends = stored.map((_, index) =>
    stored.slice(0, index + 1).reduce((sum, { length }) => sum + length, 0),
  );
  const long = arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type);
  const valueOffsets = long ? BigInt64Array.from([0, ...ends], BigInt) : Int32Array.from([0, ...ends]);
  return arrow.makeData({
    type: type as arrow.Binary,
    ...nulls(values.map((value) => value !== undefined)),
    valueOffsets: valueOffsets as Int32Array,
    data: Buffer.concat(stored),
  });
}

const LARGE = LARGE_VALUE_BYTES + 7;
const int16 = arrow.makeData({
  type: new arrow.Int16(),
  length: 3,
  nullCount: 0,
  data: Int16Array.of(-5, 0, 7),
});
const list = new arrow.List(new arrow.Field('item', new arrow.Float32(), true));
const vectors = arrow.makeData({
  type: list,
  length: 3,
  nullCount: 0,
  valueOffsets: Int32Array.of(0, 2, 4, 6),
  child: float32([1, 2, 3, 4, 5, 6]),
});

const COLUMNS = [
  column('id', 'int64'),
  column('small', 'int16'),
  column('text', 'string'),
  column('bytes', 'large_binary'),
  column('name', 'string'),
  column('vector', { type: 'list', fields: [column('item', 'float')] }),
];

function rowsWith(
  text: readonly (Uint8Array | undefined)[],
  bytes: readonly (Uint8Array | undefined)[],
): Columns {
  return {
    id: int64([1n, 2n, null]),
    small: int16,
    text: bytesOf(new arrow.Utf8(), text),
    bytes: bytesOf(new arrow.LargeBinary(), bytes),
    name: utf8(['a', null, 'c']),
    vector: vectors,
    _rowid: rowIds(0, 3),
  };
}

test('large texts and binaries, with nulls and small ones beside them, are read as they came', async () => {
  const [text, bytes] = [lettersOf(LARGE, 1), lettersOf(LARGE, 2).map((letter) => letter ^ 0x80)];
  const some = lettersOf(11, 3);
  const { parquet, rows } = transform(
    [
      bodyOf([rowsWith([some, text, undefined], [undefined, bytes, some])]),
      bodyOf([rowsWith([text, some, some], [some, some, some])]),
    ],
    COLUMNS,
  );
  expect(rows).toBe(6);
  expect(parquet.length).toBeLessThan(3 * LARGE + 10_000);
  const [mdText, mdBytes, mdSome] = [md5(text), md5(bytes), md5(some)];
  const select = 'SELECT id::INTEGER, small, md5(text), md5(bytes), name, vector FROM page';
  expect(await selectFromParquet(parquet, select)).toEqual([
    [1, -5, mdSome, null, 'a', [1, 2]],
    [2, 0, mdText, mdBytes, null, [3, 4]],
    [null, 7, null, mdSome, 'c', [5, 6]],
    [1, -5, mdText, mdSome, 'a', [1, 2]],
    [2, 0, mdSome, mdSome, null, [3, 4]],
    [null, 7, mdSome, mdSome, 'c', [5, 6]],
  ]);
  const types = 'SELECT column_type FROM (DESCRIBE page) LIMIT 6';
  expect((await selectFromParquet(parquet, types)).flat()).toEqual([
    'BIGINT',
    'SMALLINT',
    'VARCHAR',
    'BLOB',
    'VARCHAR',
    'FLOAT[]',
  ]);
  const read = arrow.tableFromIPC(readParquet(parquet).intoIPCStream());
  expect(read.schema.fields.slice(0, 4).map(({ type }) => String(type))).toEqual([
    'Int64',
    'Int16',
    'Utf8',
    'LargeBinary',
  ]);
  expect(md5(Buffer.from(String(read.getChild('text')?.get(1))))).toBe(mdText);
});

const field = (name: string) => new arrow.Field(name, new arrow.Binary(), true);
const word = (value: number) => new Uint8Array(Uint32Array.of(value).buffer);

test('a row hash does not depend on the pieces that its values are hashed in', async () => {
  const hasher = await xxhash();
  for (const sizes of [[300_000], [200_000, 200_000], [5, 262_144, 262_145, 1], [1_000_001, 70]]) {
    const values = sizes.map((size, index) => lettersOf(size, index));
    const hashes = hashRows(
      values.map((_, index) => field(`c${index}`)),
      values.map((value) => bytesOf(new arrow.Binary(), [value])),
      1,
    );
    const whole = values.flatMap((value, index) => [
      word(2),
      Buffer.from(`c${index}`),
      word(value.length),
      value,
    ]);
    expect(hashes[0]).toBe(BigInt.asIntN(64, hasher.h64Raw(Buffer.concat([...whole, word(0)]))));
  }
});

test('the statistics of a text of 140 MiB are those of its start', () => {
  const text = lettersOf(140 * 2 ** 20, 0);
  const data = bytesOf(new arrow.Utf8(), [text]);
  const stats: unknown = JSON.parse(fileStats([new arrow.Field('c', data.type, true)], [[data]], 1));
  const start = Buffer.from(text.subarray(0, 31)).toString();
  expect(stats).toMatchObject({ minValues: { c: `${start}i` }, maxValues: { c: `${start}j` } });
});

test('a large value inside a list is refused by its row and column', () => {
  const texts = bytesOf(new arrow.Utf8(), [lettersOf(9, 0), lettersOf(LARGE_ROW_BYTES, 0)]);
  const lists = arrow.makeData({
    type: new arrow.List(new arrow.Field('item', texts.type, true)),
    length: 2,
    nullCount: 0,
    valueOffsets: Int32Array.of(0, 1, 2),
    child: texts,
  });
  const body = bodyOf([{ id: int32([1, 2]), texts: lists, _rowid: rowIds(40, 2) }]);
  const columns = [
    column('id', 'int32'),
    column('texts', { type: 'list', fields: [column('item', 'string')] }),
  ];
  const error = expectCode(
    () => transform([body], columns),
    'TYPE_UNSUPPORTED',
    /Column "texts" .*_rowid 41/,
  );
  expect(error.details).toEqual({ column: 'texts' });
});

test('a large value under SCD_TYPE_2, which could not be copied when its version ends, is refused by its row and column', () => {
  const text = bytesOf(new arrow.Utf8(), [lettersOf(9, 0), lettersOf(LARGE, 0)]);
  const body = bodyOf([{ id: int32([1, 2]), text, _rowid: rowIds(40, 2) }]);
  const columns = [column('id', 'int32'), column('text', 'string')];
  const task = { bodies: [body], columns, runId: 'r', offloadedAtMs: 0 };
  const error = expectCode(
    () => transformPage({ ...task, startAt: { version: 1 } }),
    'TYPE_UNSUPPORTED',
    /Column "text" .*_rowid 41; SCD_TYPE_2/,
  );
  expect(error.details).toEqual({ column: 'text' });
});
