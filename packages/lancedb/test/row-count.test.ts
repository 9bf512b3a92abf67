import { expect, test } from 'vitest';
import { countArrowRows } from '../src/row-count.ts';
import { bodyOf, compressedBody, rowIds, utf8 } from './arrow-bodies.ts';
import { expectCode } from '../../base/test/expect-code.ts';

const batch = (rows: number) => ({
  name: utf8(Array.from({ length: rows }, (_, row) => `row ${row}`)),
  _rowid: rowIds(0, rows),
});

for (const framing of ['file', 'stream'] as const) {
  test(`the rows of all batches of a ${framing} are counted, compressed or not`, () => {
    const batches = [batch(100), batch(1), batch(27)];
    expect(countArrowRows(bodyOf(batches, framing))).toBe(128);
    expect(countArrowRows(compressedBody(batches, 'zstd', framing))).toBe(128);
    expect(countArrowRows(bodyOf([batch(0)], framing))).toBe(0);
  });

  test(`a ${framing} cut short anywhere inside a batch is refused`, () => {
    const body = bodyOf([batch(100)], framing);
    for (const share of [0.3, 0.6, 0.9]) {
      const cut = body.subarray(0, Math.floor(body.length * share));
      const error = expectCode(() => countArrowRows(cut), 'SOURCE_BAD_BODY', /Expected Arrow IPC/);
      expect(error.message).toContain(`${cut.length} bytes`);
    }
  });
}

test('a body inside a larger buffer is counted within its own bounds', () => {
  const body = bodyOf([batch(5)], 'file');
  const buffer = new Uint8Array(body.length + 100).fill(0x41);
  buffer.set(body, 33);
  expect(countArrowRows(buffer.subarray(33, 33 + body.length))).toBe(5);
});

test('a file whose writer aligned its first message to 64 bytes is counted', () => {
  const body = bodyOf([batch(5)], 'file');
  const padded = Buffer.concat([body.subarray(0, 8), Buffer.alloc(56), body.subarray(8)]);
  expect(countArrowRows(padded)).toBe(5);
});

test.for(['', 'ARROW1', '<html></html>', 'ARROW1\0\0rubbish that is long enough to be read ARROW1'])(
  '%j is not Arrow',
  (text) => {
    const error = expectCode(
      () => countArrowRows(Buffer.from(text)),
      'SOURCE_BAD_BODY',
      /bytes that begin|an empty body/,
    );
    expect(error.policy.next).toBe('retry');
  },
);
