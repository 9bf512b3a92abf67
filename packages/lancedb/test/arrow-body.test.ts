import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { decodeArrowBody } from '../src/arrow-body.ts';
import { countArrowRows } from '../src/row-count.ts';
import { bodyOf, compressedBody, float32, int32, int64, nulls, rowIds, utf8 } from './arrow-bodies.ts';
import { expectCode } from '../../base/test/expect-code.ts';
import { layoutOf } from './ipc/layout.ts';

const three = nulls([true, true, true]);
const item = new arrow.Field('item', new arrow.Int32(), true);
const bytes = Buffer.from('größe');

const DAMAGED: readonly { what: string; data: arrow.Data; words: RegExp }[] = [
  {
    what: 'a text that ends inside a character',
    data: arrow.makeData({
      type: new arrow.Utf8(),
      ...three,
      valueOffsets: Int32Array.of(0, 3, 4, 7),
      data: bytes,
    }),
    words: /the text of row 0 is not UTF-8/,
  },
  {
    what: 'a text of bytes that are no UTF-8',
    data: arrow.makeData({
      type: new arrow.Utf8(),
      ...three,
      valueOffsets: Int32Array.of(0, 1, 2, 3),
      data: Uint8Array.of(0x61, 0xff, 0x62),
    }),
    words: /the text of row 1 is not UTF-8/,
  },
  {
    what: 'offsets that fall',
    data: arrow.makeData({
      type: new arrow.Binary(),
      ...three,
      valueOffsets: Int32Array.of(0, 5, 2, 7),
      data: bytes,
    }),
    words: /offset 2 after 5/,
  },
  {
    what: 'a list that leads beyond its items',
    data: arrow.makeData({
      type: new arrow.List(item),
      ...three,
      valueOffsets: Int32Array.of(0, 1, 2, 9),
      child: int32([1, 2, 3]),
    }),
    // The writer announces as many items as the offsets say.
    words: /16 bytes where 36 are needed/,
  },
  {
    what: 'an index beyond its dictionary',
    data: arrow.makeData({
      type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 1),
      ...three,
      data: Int32Array.of(0, 2, 1),
      dictionary: new arrow.Vector([utf8(['a', 'b'])]),
    }),
    words: /index 2 in a dictionary of 2/,
  },
  {
    what: 'vectors with fewer numbers than their length times the rows',
    data: arrow.makeData({
      type: new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Float32(), true)),
      ...three,
      child: float32([1, 2, 3, 4, 5]),
    }),
    words: /5 items in 3 lists of 2/,
  },
  {
    what: 'a hundred million nulls that take no byte',
    data: arrow.makeData({
      type: new arrow.List(new arrow.Field('item', new arrow.Null(), true)),
      ...three,
      valueOffsets: Int32Array.of(0, 1, 2, 100_000_000),
      child: arrow.makeData({ type: new arrow.Null(), length: 100_000_000 }),
    }),
    words: /100000000 rows without a byte/,
  },
];

test.for(DAMAGED)('an answer with $what is refused', ({ data, words }) => {
  const body = bodyOf([{ x: data, _rowid: rowIds(0, 3) }]);
  expect(countArrowRows(body)).toBe(3);
  expectCode(() => decodeArrowBody(body), 'SOURCE_BAD_BODY', words);
});

/** A copy in which one 64-bit number of the last message's metadata is another. */
function withNumber(body: Uint8Array, from: bigint, to: bigint): Uint8Array {
  const { messages, metadata } = layoutOf(body);
  const copy = new Uint8Array(body);
  const view = new DataView(copy.buffer);
  const { start, end } = metadata[messages.length - 1] ?? { start: 0, end: 0 };
  for (let at = start; at + 8 <= end; at += 4)
    if (view.getBigInt64(at, true) === from) view.setBigInt64(at, to, true);
  return copy;
}

test('a batch that claims 2^40 rows takes no more memory than any other, and is refused', () => {
  const body = withNumber(bodyOf([{ x: int64([1n, null, 3n]), _rowid: rowIds(0, 3) }]), 3n, 2n ** 40n);
  expect(countArrowRows(body)).toBe(2 ** 40);
  expectCode(() => decodeArrowBody(body), 'SOURCE_BAD_BODY', /bytes where \d+ are needed/);
});

test('a compressed buffer that is not as long as it says is refused', () => {
  const numbers = Array.from({ length: 1000 }, (_, index) => BigInt(index % 7));
  for (const codec of ['lz4', 'zstd'] as const) {
    const body = compressedBody([{ x: int64(numbers), _rowid: rowIds(0, 1000) }], codec);
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    const [buffer] = layoutOf(body).buffers;
    if (!buffer) throw new Error('the body has no buffers');
    expect(view.getBigInt64(buffer.start, true)).toBe(8000n);
    for (const length of [7992n, 8008n, 2n ** 40n]) {
      view.setBigInt64(buffer.start, length, true);
      expectCode(() => decodeArrowBody(body), 'SOURCE_BAD_BODY', /cannot be decoded/);
    }
  }
});

test('what lies under a null is looked at by nobody', () => {
  const text = arrow.makeData({
    type: new arrow.Utf8(),
    ...nulls([true, false, true]),
    valueOffsets: Int32Array.of(0, 1, 2, 3),
    data: Uint8Array.of(0x61, 0xff, 0x62),
  });
  const index = arrow.makeData({
    type: new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32(), 1),
    ...nulls([true, false, true]),
    data: Int32Array.of(0, 99, 1),
    dictionary: new arrow.Vector([utf8(['a', 'b'])]),
  });
  const { batches } = decodeArrowBody(bodyOf([{ text, index }]));
  const rows = batches.flatMap((batch) => batch.toArray().map((row) => JSON.stringify(row)));
  expect(rows).toEqual([
    '{"text":"a","index":"a"}',
    '{"text":null,"index":null}',
    '{"text":"b","index":"b"}',
  ]);
});
