import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { crc32 } from 'node:zlib';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { openStore } from '../../src/store/open-store.ts';
import {
  deletionVectorFile,
  encodeDeletionVectors,
  readDeletionVector,
} from '../../src/rows/deletion-vector.ts';
import type { DeletionVector } from '../../src/log/delta-actions.ts';
import { encodeZ85 } from '../../src/rows/z85.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { randomRuns } from '../../../base/test/soak.ts';
import { inFolder } from '../../../base/test/in-folder.ts';

const UUID = 'd2c639aa-8816-431a-aaf6-d3fe2512ff61';
/** `UUID` in the examples of Delta's PROTOCOL.md. */
const UUID_Z85 = '^-aqEH.-t@S}K{vb[*k^';

const everyThird = Uint32Array.from({ length: 70_000 }, (_, index) => index * 3);

/** Writes vectors into a table's folder, and returns their descriptors. */
async function write(folder: string, vectors: readonly Uint32Array[]): Promise<DeletionVector[]> {
  const { file, descriptors } = encodeDeletionVectors(vectors, UUID);
  await writeFile(path.join(folder, deletionVectorFile(UUID)), file);
  return descriptors;
}

function first(descriptors: readonly DeletionVector[]): DeletionVector {
  const [descriptor] = descriptors;
  if (!descriptor) throw new Error('no vector was encoded');
  return descriptor;
}

/** A vector whose data is made by hand, inline. */
function inline(data: Uint8Array, cardinality: number): DeletionVector {
  const padded = Buffer.concat([data, Buffer.alloc((4 - (data.byteLength % 4)) % 4)]);
  return { storageType: 'i', pathOrInlineDv: encodeZ85(padded), sizeInBytes: data.byteLength, cardinality };
}

/** Magic number, number of buckets, and each bucket's key and bitmap. */
function bitmapArray(
  magic: number,
  buckets: readonly (readonly [key: number, bitmap: Uint8Array])[],
): Buffer {
  const head = Buffer.alloc(12);
  head.writeInt32LE(magic, 0);
  head.writeBigInt64LE(BigInt(buckets.length), 4);
  const parts = buckets.flatMap(([key, bitmap]) => [Buffer.from(Int32Array.of(key).buffer), bitmap]);
  return Buffer.concat([head, ...parts]);
}

const NO_ROWS = Uint8Array.of(0x3a, 0x30, 0, 0, 0, 0, 0, 0);

test('the vectors of a commit lie one behind the other in one file, described in their order', () => {
  const { file, descriptors } = encodeDeletionVectors([Uint32Array.of(0, 9), everyThird], UUID);
  expect(descriptors).toEqual([
    { storageType: 'u', pathOrInlineDv: UUID_Z85, offset: 1, sizeInBytes: 36, cardinality: 2 },
    {
      storageType: 'u',
      pathOrInlineDv: UUID_Z85,
      offset: 45,
      sizeInBytes: expect.any(Number),
      cardinality: 70_000,
    },
  ]);
  expect(deletionVectorFile(UUID)).toBe(`deletion_vector_${UUID}.bin`);
  // What Delta's own writer made of the same two rows (table-with-dv-small of delta-kernel-rs).
  const spark = '0100000024d1d339640100000000000000000000003a300000010000000000010010000000000009002a671846';
  expect(Buffer.from(file.subarray(0, 45)).toString('hex')).toBe(spark);
});

test('the same positions give the same bytes, in whatever order they come', () => {
  const shuffled = everyThird.toReversed();
  shuffled.set(everyThird.subarray(100, 200), 0);
  shuffled.set(everyThird.subarray(69_900), 100);
  const positions = [...new Set([...shuffled, ...everyThird])];
  expect(encodeDeletionVectors([Uint32Array.from(positions)], UUID)).toEqual(
    encodeDeletionVectors([everyThird], UUID),
  );
  expect(everyThird.at(0)).toBe(0);
});

test('any positions come back in order, those of every vector of a file', async () => {
  await inFolder(async (folder) => {
    const positions = fc.uniqueArray(fc.oneof(fc.nat(200_000), fc.integer({ min: 0, max: 0xff_ff_ff_ff })), {
      maxLength: 300,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(positions, { minLength: 1, maxLength: 4 }), async (vectors) => {
        const arrays = vectors.map((vector) => Uint32Array.from(vector));
        const descriptors = await write(folder, arrays);
        const read = await Promise.all(
          descriptors.map((descriptor) => readDeletionVector(openStore(folder), descriptor)),
        );
        expect(read).toEqual(arrays.map((array) => array.toSorted()));
      }),
      randomRuns(50, 5000),
    );
  });
});

test('long runs, dense and sparse blocks and the last possible row are kept', async () => {
  const run = Uint32Array.from({ length: 200_000 }, (_, index) => 10 + index);
  const vectors = [run, everyThird, Uint32Array.of(0xff_ff_ff_ff, 65_535, 65_536, 0), new Uint32Array()];
  await inFolder(async (folder) => {
    const descriptors = await write(folder, vectors);
    expect(descriptors[0]?.sizeInBytes).toBeLessThan(100);
    for (const [index, descriptor] of descriptors.entries()) {
      expect(await readDeletionVector(openStore(folder), descriptor)).toEqual(vectors[index]?.toSorted());
    }
  });
});

test('the inline example of Delta’s protocol, in the form that delta-kernel-rs gives it, is read as it says', async () => {
  const vector: DeletionVector = {
    storageType: 'i',
    pathOrInlineDv: '^Bg9^0rr910000000000iXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L',
    sizeInBytes: 44,
    cardinality: 6,
  };
  expect(await readDeletionVector(openStore('/nowhere'), vector)).toEqual(
    Uint32Array.of(3, 4, 7, 11, 18, 29),
  );
});

test('a vector is found behind a random prefix, and by an absolute path with and without a scheme', async () => {
  await inFolder(async (folder) => {
    const positions = Uint32Array.of(1, 5);
    const descriptor = first(await write(folder, [positions]));
    const file = path.join(folder, 'a b', deletionVectorFile(UUID));
    await mkdir(path.dirname(file));
    await writeFile(file, await readFile(path.join(folder, deletionVectorFile(UUID))));
    await mkdir(path.join(folder, 'ab'));
    await writeFile(path.join(folder, 'ab', deletionVectorFile(UUID)), await readFile(file));
    for (const found of [
      { ...descriptor, pathOrInlineDv: `ab${UUID_Z85}` },
      { ...descriptor, storageType: 'p', pathOrInlineDv: pathToFileURL(file).href },
      { ...descriptor, storageType: 'p', pathOrInlineDv: file.replace('a b', 'a%20b') },
    ] as const) {
      expect(await readDeletionVector(openStore(folder), found)).toEqual(positions);
    }
  });
});

test('a vector elsewhere than on this file system or under its table is refused', async () => {
  const descriptor = first(encodeDeletionVectors([Uint32Array.of(1)], UUID).descriptors);
  for (const [vector, reason] of [
    [
      { ...descriptor, storageType: 'p', pathOrInlineDv: 's3://lake/x.bin' },
      /s3:.*not in the folder of its table/,
    ],
    [{ ...descriptor, pathOrInlineDv: `../../${UUID_Z85}` }, /names no file/],
    [{ ...descriptor, pathOrInlineDv: 'short' }, /names no file/],
    [{ ...descriptor, pathOrInlineDv: ' '.repeat(20) }, /names no file/],
  ] as const) {
    const { message } = await expectRejection(
      readDeletionVector(openStore('/lake/t'), vector),
      'LAKE_UNAVAILABLE',
    );
    expect(message).toMatch(reason);
  }
});

test('a missing, cut, overwritten or changed file is refused by its name', async () => {
  await inFolder(async (folder) => {
    const name = path.join(folder, deletionVectorFile(UUID));
    const descriptor = first(encodeDeletionVectors([Uint32Array.of(0, 9)], UUID).descriptors);
    const refused = async (change: Partial<DeletionVector>, reason: RegExp) => {
      const error = await expectRejection(
        readDeletionVector(openStore(folder), { ...descriptor, ...change }),
        'LAKE_UNAVAILABLE',
        reason,
      );
      expect(error.message).toContain(name);
    };
    await refused({}, /the file is gone/);
    const { file } = encodeDeletionVectors([Uint32Array.of(0, 9)], UUID);
    await writeFile(name, file);
    await refused({ cardinality: 3 }, /marks 2 rows, the log says 3/);
    await refused({ offset: 0 }, /the file says|ends before/);
    await refused({ sizeInBytes: 35 }, /the file says 36 bytes, the log 35/);
    await refused({ sizeInBytes: 2_000_000_000 }, /the file ends before it does/);
    await writeFile(name, file.subarray(0, -1));
    await refused({}, /the file ends before it does/);
    await writeFile(name, file.with(30, 1));
    await refused({}, /checksum/);
    await writeFile(name, file.with(0, 2));
    await refused({}, /format is 2, not 1/);
  });
});

test.for([
  ['the native format', bitmapArray(1_681_511_376, [[0, NO_ROWS]]), /"native" format/],
  ['an unknown format', bitmapArray(7, [[0, NO_ROWS]]), /format 7 is unknown/],
  [
    'rows of a second bucket',
    bitmapArray(1_681_511_377, [
      [0, NO_ROWS],
      [1, NO_ROWS],
    ]),
    /beyond the first 4,294,967,296/,
  ],
  ['rows of another bucket', bitmapArray(1_681_511_377, [[1, NO_ROWS]]), /beyond the first 4,294,967,296/],
  ['no bitmap', bitmapArray(1_681_511_377, []), /no bitmap/],
  [
    'a bitmap that is none',
    bitmapArray(1_681_511_377, [[0, Uint8Array.of(1, 2, 3)]]),
    /not a Roaring bitmap/,
  ],
  ['next to nothing', Uint8Array.of(1, 2, 3), /too short/],
] as const)('a vector of %s is refused', async ([, data, reason]) => {
  const read = readDeletionVector(openStore('/lake/t'), inline(data, 1));
  expect((await expectRejection(read, 'LAKE_UNAVAILABLE')).message).toMatch(reason);
});

test('an inline vector that is not the text of its size is refused', async () => {
  const vector = inline(bitmapArray(1_681_511_377, [[0, NO_ROWS]]), 0);
  expect(await readDeletionVector(openStore('/lake/t'), vector)).toEqual(new Uint32Array());
  for (const change of [{ sizeInBytes: 99 }, { pathOrInlineDv: 'é' }]) {
    await expectRejection(
      readDeletionVector(openStore('/lake/t'), { ...vector, ...change }),
      'LAKE_UNAVAILABLE',
      /not Z85/,
    );
  }
});

test('the checksum is the CRC-32 of the data, behind it', () => {
  const { file } = encodeDeletionVectors([Uint32Array.of(4)], UUID);
  const data = file.subarray(5, -4);
  expect(Buffer.from(file).readUInt32BE(file.byteLength - 4)).toBe(crc32(data));
});

test('millions of positions in any order come back in order', async () => {
  const count = 3_000_000;
  // 7,919 is prime to the count: each position once, out of order.
  const positions = Uint32Array.from({ length: count }, (_, index) => ((index * 7919) % count) * 5);
  await inFolder(async (folder) => {
    const read = await readDeletionVector(openStore(folder), first(await write(folder, [positions])));
    expect(read.length).toBe(count);
    expect(read.every((position, index) => position === index * 5)).toBe(true);
  });
});
