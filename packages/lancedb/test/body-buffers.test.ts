import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { BodyBuffers } from '../src/body-buffers.ts';
import { readBody } from '../src/body.ts';

const MIB = 2 ** 20;
const CHUNK = 64 * 1024;

/** Counts what is copied from buffer to buffer, and the most that was held at once. */
class CountingBuffers extends BodyBuffers {
  copied = 0;
  largest = 0;

  override enlarge(body: Uint8Array<ArrayBuffer>, bytes: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    this.copied += bytes - CHUNK;
    const larger = super.enlarge(body, bytes, maxBytes);
    this.largest = Math.max(this.largest, larger.byteLength);
    return larger;
  }
}

function* chunksOf(bytes: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes; at += CHUNK) yield new Uint8Array(CHUNK).fill(at / CHUNK);
}

const read = (bytes: number, buffers: BodyBuffers, options: { maxBytes: number; announced?: number }) =>
  readBody(Readable.from(chunksOf(bytes)), { ...options, buffers });

test('a body of unknown length is copied about once on the whole, however large it becomes', async () => {
  const buffers = new CountingBuffers();
  const body = await read(100 * MIB, buffers, { maxBytes: 1000 * MIB });
  expect(body?.byteLength).toBe(100 * MIB);
  expect(body?.[100 * MIB - 1]).toBe(((100 * MIB) / CHUNK - 1) % 256);
  expect(buffers.copied).toBeLessThan(1.5 * 100 * MIB);
  expect(buffers.largest).toBeLessThanOrEqual(2 * 100 * MIB);
});

test('no buffer is larger than the largest body that is taken', async () => {
  const buffers = new CountingBuffers();
  expect((await read(40 * MIB, buffers, { maxBytes: 40 * MIB }))?.buffer.byteLength).toBe(40 * MIB);
  expect(buffers.largest).toBe(40 * MIB);
});

test('a body of announced length is never copied, and takes just its size', async () => {
  const buffers = new CountingBuffers();
  const body = await read(50 * MIB, buffers, { maxBytes: 60 * MIB, announced: 50 * MIB });
  expect(body?.buffer.byteLength).toBe(50 * MIB);
  expect(buffers.copied).toBe(0);
});

test('a body that is announced as larger than it may be is not read', async () => {
  const stream = Readable.from(chunksOf(10 * MIB));
  expect(
    await readBody(stream, { maxBytes: MIB, announced: 10 * MIB, buffers: new BodyBuffers() }),
  ).toBeUndefined();
  expect(stream.destroyed).toBe(true);
});

test('one huge body does not make the buffers of all later ones huge', async () => {
  const buffers = new BodyBuffers();
  const huge = await read(64 * MIB, buffers, { maxBytes: 100 * MIB });
  if (huge) buffers.giveBack(huge.buffer);
  for (let page = 0; page < 300; page++) {
    const body = await read(2 * MIB, buffers, { maxBytes: 3 * MIB });
    if (body) buffers.giveBack(body.buffer);
  }
  expect(buffers.take().byteLength).toBeLessThanOrEqual(4 * MIB);
});
