import { OffloadError } from '../errors/offload-error.ts';
import type { BodyBuffers } from './body-buffers.ts';

/** Ends a transfer that has delivered nothing for `stallMs`. */
async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  stallMs: number,
): Promise<Uint8Array | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new OffloadError('SOURCE_UNAVAILABLE', `The body stalled: nothing came for ${stallMs / 1000} s`),
      );
    }, stallMs);
  });
  try {
    const { value } = await Promise.race([reader.read(), stalled]);
    return value;
  } finally {
    clearTimeout(timer);
  }
}

/** Frees a chunk's memory at once, where it has a buffer of its own: a page comes in hundreds of them. */
function release(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === chunk.byteLength) buffer.transfer(0);
}

/**
 * Reads a body of at most `maxBytes` into a buffer of its own (so that it can be moved to a thread).
 *
 * @returns `undefined` for a larger one, after ending its transfer.
 * @throws OffloadError `SOURCE_UNAVAILABLE` when nothing comes for `stallMs`; whatever `fetch` throws when fewer bytes
 *   come than were announced.
 */
export async function readBody(
  response: Response,
  limits: { readonly maxBytes: number; readonly stallMs: number; readonly buffers: BodyBuffers },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(0);
  const { maxBytes, stallMs, buffers } = limits;
  let body = buffers.take();
  let length = 0;
  let complete = false;
  try {
    // Each chunk is copied as it comes: a page copied all at once would hold up the event loop.
    for (let chunk = await readChunk(reader, stallMs); chunk; chunk = await readChunk(reader, stallMs)) {
      if (length + chunk.length > maxBytes) return undefined;
      if (length + chunk.length > body.length) body = buffers.enlarge(body, length + chunk.length);
      body.set(chunk, length);
      length += chunk.length;
      release(chunk);
    }
    complete = true;
    buffers.learn(length);
    return body.subarray(0, length);
  } finally {
    if (!complete) buffers.giveBack(body.buffer);
    // Frees the connection in every outcome; after a complete body this does nothing.
    await reader.cancel().catch(() => undefined);
  }
}
