import type { Readable } from 'node:stream';
import type { BodyBuffers } from './body-buffers.ts';

/**
 * Frees a chunk's memory at once, where the chunk is all of its buffer, so that nobody else can have a view of it: a
 * page comes in hundreds of chunks, which would otherwise wait for a garbage collection.
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/**
 * Reads a body of at most `maxBytes` into a buffer of its own (so that it can be moved to a thread).
 *
 * @param announced the body's length, where the server tells it.
 * @returns `undefined` for a larger one, after ending its transfer.
 * @throws whatever the stream ends with: a broken connection, a stall, fewer bytes than were announced.
 */
export async function readBody(
  stream: Readable,
  {
    maxBytes,
    buffers,
    announced = 0,
  }: { readonly maxBytes: number; readonly buffers: BodyBuffers; readonly announced?: number | undefined },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (announced > maxBytes) {
    stream.on('error', () => undefined).destroy(); // it tells of being ended as of an error
    return undefined;
  }
  let body = buffers.take(announced);
  let length = 0;
  let handedOut = false;
  try {
    // Each chunk is copied as it comes: a page copied all at once would hold up the event loop.
    for await (const piece of stream) {
      const chunk: Uint8Array = piece;
      // Leaving the loop destroys the stream, and with it the connection.
      if (length + chunk.length > maxBytes) return undefined;
      if (length + chunk.length > body.length) body = buffers.enlarge(body, length + chunk.length, maxBytes);
      body.set(chunk, length);
      length += chunk.length;
      release(chunk);
    }
    buffers.learn(length);
    // A small answer must not hold a large buffer: where a server caps `k`, many of them wait for one file.
    if (length < body.length / 2) return body.slice(0, length);
    handedOut = true;
    return body.subarray(0, length);
  } finally {
    if (!handedOut) buffers.giveBack(body.buffer);
  }
}
