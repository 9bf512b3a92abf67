import { assert, property, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { decodeZ85, encodeZ85 } from '../../src/rows/z85.ts';

test('the example of the Z85 specification is encoded and decoded as it says', () => {
  const bytes = Uint8Array.of(0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b);
  expect(encodeZ85(bytes)).toBe('HelloWorld');
  expect(decodeZ85('HelloWorld')).toEqual(bytes);
});

test('whole groups of any bytes come back as they were, also from the middle of a buffer', () => {
  const groups = uint8Array({ maxLength: 16 }).map((bytes) =>
    Uint8Array.from([...bytes, ...bytes, ...bytes, ...bytes]),
  );
  assert(
    property(groups, (bytes) => {
      const inside = Uint8Array.from([7, ...bytes, 7]).subarray(1, -1);
      expect(decodeZ85(encodeZ85(inside))).toEqual(bytes);
    }),
  );
});

test.for(['four', 'with space', 'Hällo', '#####', '%nSc1'])('"%s" is not Z85', (text) => {
  expect(decodeZ85(text)).toBeUndefined();
});

test('bytes that are no whole group are refused', () => {
  expect(() => encodeZ85(Uint8Array.of(1, 2, 3))).toThrow(RangeError);
});
