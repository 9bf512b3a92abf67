import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { expectCode } from '../../../base/test/expect-code.ts';
import { checksumOf } from '../../../delta/src/values/row-hash.ts';
import {
  bodyOf,
  column,
  compressedBody,
  float32,
  int64,
  nulls,
  rowIds,
  utf8,
  type Columns,
} from '../../../lancedb/test/arrow-bodies.ts';
import { RUN_ID, selectFromParquet, transform } from '../read-parquet.ts';

const COLUMNS = [column('id', 'int64'), column('name', 'string')];

function batch(from: number, count: number): Columns {
  const ids = Array.from({ length: count }, (_, index) => BigInt(from + index));
  const names = ids.map((id) => (id % 3n === 0n ? null : `name ${id} `.repeat(5)));
  return { id: int64(ids), name: utf8(names), _rowid: rowIds(from, count) };
}

const SUM = `SELECT count(*)::INTEGER, sum(id)::INTEGER, count(name)::INTEGER, min(name), max(_rowid)::INTEGER FROM page`;

for (const framing of ['file', 'stream'] as const) {
  test(`a ${framing} of several batches, plain or compressed with LZ4 or Zstandard, gives the same page`, async () => {
    const batches = [batch(0, 1000), batch(1000, 7), batch(1007, 1)];
    const bodies = [
      bodyOf(batches, framing),
      compressedBody(batches, 'lz4', framing),
      compressedBody(batches, 'zstd', framing),
    ];
    const [plain, ...compressed] = bodies.map((body) => transform([body], COLUMNS));
    expect(plain?.rows).toBe(1008);
    for (const page of compressed) {
      expect(Buffer.compare(page.parquet, plain?.parquet ?? new Uint8Array())).toBe(0);
      expect({ ...page, sourceBytes: 0 }).toEqual({ ...plain, sourceBytes: 0 });
    }
    expect(await selectFromParquet(plain?.parquet ?? new Uint8Array(), SUM)).toEqual([
      [1008, 507_528, 672, 'name 1 '.repeat(5), 1007],
    ]);
  });
}

test('a body in the middle of a larger buffer is read like one of its own', () => {
  const body = bodyOf([batch(0, 50)], 'file');
  for (const shift of [1, 8, 13]) {
    const buffer = new Uint8Array(body.length + 64).fill(0xaa);
    buffer.set(body, shift);
    expect(transform([buffer.subarray(shift, shift + body.length)], COLUMNS)).toEqual(
      transform([body], COLUMNS),
    );
  }
});

test('each row carries its run, the run’s time, its hash and its row id', async () => {
  const page = transform([bodyOf([batch(5, 3)])], COLUMNS);
  const rows = await selectFromParquet(
    page.parquet,
    'SELECT _run_id, epoch_ms(_offloaded_at)::VARCHAR, _row_hash::VARCHAR, _rowid::VARCHAR FROM page',
  );
  expect(rows.map(([run, at, , id]) => [run, at, id])).toEqual(
    [5, 6, 7].map((id) => [RUN_ID, String(Date.UTC(2026, 10, 22, 10, 15)), String(id)]),
  );
  expect(page.rowIds).toEqual(BigUint64Array.of(5n, 6n, 7n));
  const sum = rows.reduce((total, [, , hash]) => total + BigInt(String(hash)), 0n);
  expect(page.rowHashSum).toBe(String(BigInt.asIntN(64, sum)));
  expect(page.checksum).toBe(checksumOf(page.parquet));
});

test('the same answers give the same file, byte for byte, however they are cut into batches', () => {
  const whole = transform([bodyOf([batch(0, 90)])], COLUMNS);
  expect(transform([bodyOf([batch(0, 90)])], COLUMNS).checksum).toBe(whole.checksum);
  const cut = transform([bodyOf([batch(0, 30), batch(30, 60)], 'file')], COLUMNS);
  expect([cut.rowHashSum, cut.stats, cut.rows]).toEqual([whole.rowHashSum, whole.stats, whole.rows]);
});

test('columns are matched by name, and those that were not planned are left out', async () => {
  const { id, name, _rowid } = batch(1, 2);
  const body = bodyOf([
    { extra: utf8(['x', 'y']), _rowid: _rowid ?? rowIds(0, 2), name: name ?? utf8([]), id: id ?? int64([]) },
  ]);
  const described = await selectFromParquet(
    transform([body], COLUMNS).parquet,
    'SELECT column_name FROM (DESCRIBE page)',
  );
  expect(described.flat()).toEqual(['id', 'name', '_run_id', '_offloaded_at', '_row_hash', '_rowid']);
  expect(transform([body], COLUMNS).rowHashSum).toBe(transform([bodyOf([batch(1, 2)])], COLUMNS).rowHashSum);
});

test('vectors come back exactly, and columns beside them keep their statistics', async () => {
  const count = 500;
  const child = float32(Array.from({ length: count * 4 }, (_, index) => Math.sin(index)));
  const type = new arrow.FixedSizeList(4, new arrow.Field('item', new arrow.Float32(), true));
  const vector = arrow.makeData({ type, length: count, nullCount: 0, child });
  const lance = { type: 'fixed_size_list', length: 4, fields: [column('item', 'float')] };
  const page = transform([bodyOf([{ ...batch(0, count), vector }])], [...COLUMNS, column('vector', lance)]);
  const [row] = await selectFromParquet(page.parquet, 'SELECT vector FROM page WHERE id = 499');
  expect(row).toEqual([Array.from({ length: 4 }, (_, axis) => Math.fround(Math.sin(499 * 4 + axis)))]);
});

test('an answer that lacks a planned column, has another type for it, or no row ids is refused', () => {
  const { id, _rowid } = batch(0, 2);
  const columns = { id: id ?? int64([]), _rowid: _rowid ?? rowIds(0, 2) };
  const lacking = expectCode(
    () => transform([bodyOf([columns])], COLUMNS),
    'SCHEMA_MISMATCH',
    /lacks column "name"/,
  );
  expect(lacking.details).toEqual({ column: 'name' });
  expectCode(
    () => transform([bodyOf([{ ...columns, name: int64([1n, 2n]) }])], COLUMNS),
    'SCHEMA_MISMATCH',
    /"name" was planned as Utf8 and came as Int64/,
  );
  expectCode(
    () => transform([bodyOf([{ id: columns.id }])], [column('id', 'int64')]),
    'SCHEMA_MISMATCH',
    /row ids/,
  );
});

test('a timestamp beyond 64 bits of microseconds is refused with its column’s name', () => {
  const seconds = arrow.makeData({
    type: new arrow.TimestampSecond(),
    ...nulls([true, false]),
    data: BigInt64Array.of(10n ** 13n, 10n ** 13n),
  });
  const field = column('at', 'timestamp:s:-');
  expectCode(
    () => transform([bodyOf([{ at: seconds, _rowid: rowIds(0, 2) }])], [field]),
    'TYPE_UNSUPPORTED',
    /Column "at": timestamp 10000000000000 is beyond/,
  );
  const nullOnly = arrow.makeData({
    type: new arrow.TimestampSecond(),
    ...nulls([false, false]),
    data: BigInt64Array.of(10n ** 13n, 10n ** 13n),
  });
  expect(transform([bodyOf([{ at: nullOnly, _rowid: rowIds(0, 2) }])], [field]).rows).toBe(2);
});

const OUT_OF_RANGE = [
  {
    lance: 'time64:us',
    data: arrow.makeData({
      type: new arrow.TimeMicrosecond(),
      ...nulls([true]),
      data: BigInt64Array.of(86_400_000_000n),
    }),
    words: /86400000000 is no time of day/,
  },
  {
    lance: 'date64:ms',
    data: arrow.makeData({
      type: new arrow.DateMillisecond(),
      ...nulls([true]),
      data: BigInt64Array.of(2n ** 62n),
    }),
    words: /date 4611686018427387904 is beyond/,
  },
  {
    lance: 'decimal:128:3:1',
    data: arrow.makeData({
      type: new arrow.Decimal(1, 3, 128),
      ...nulls([true]),
      data: Uint32Array.of(1000, 0, 0, 0),
    }),
    words: /decimal 1000 \(unscaled\) has more digits/,
  },
  {
    lance: 'decimal:256:38:0',
    data: arrow.makeData({
      type: new arrow.Decimal(0, 38, 256),
      ...nulls([true]),
      data: Uint32Array.of(1, 0, 0, 0, 1, 0, 0, 0),
    }),
    words: /has more digits than its type/,
  },
];

test.for(OUT_OF_RANGE)(
  'a value that its type $lance has no place for is refused, not wrapped',
  ({ lance, data, words }) => {
    const body = bodyOf([{ x: data, _rowid: rowIds(0, 1) }]);
    const error = expectCode(() => transform([body], [column('x', lance)]), 'TYPE_UNSUPPORTED', words);
    expect(error.details).toEqual({ column: 'x' });
  },
);

test('what is not Arrow, or only a part of it, is refused with its first words', () => {
  expectCode(
    () => transform([Buffer.from('<html>Bad gateway</html>')], COLUMNS),
    'SOURCE_BAD_BODY',
    /24 bytes that begin "<html>Bad gateway/,
  );
  const empty = expectCode(() => transform([new Uint8Array()], COLUMNS), 'SOURCE_BAD_BODY', /an empty body/);
  expect(empty.policy.next).toBe('retry');
  const body = bodyOf([batch(0, 100)], 'stream');
  expectCode(
    () => transform([body.subarray(0, body.length - 200)], COLUMNS),
    'SOURCE_BAD_BODY',
    /ends in the middle of a message/,
  );
});
