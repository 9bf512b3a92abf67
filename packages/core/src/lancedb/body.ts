import { setImmediate as nextTurn } from 'node:timers/promises';
import { OffloadError } from '../errors/offload-error.ts';

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

/** Bytes copied at a stretch: a page copied all at once would hold up the event loop for a tenth of a second. */
const COPY_BYTES = 2 ** 21;

async function join(chunks: readonly Uint8Array[], length: number): Promise<Uint8Array<ArrayBuffer>> {
  const body = new Uint8Array(length);
  let at = 0;
  let stretch = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
    stretch += chunk.length;
    if (stretch < COPY_BYTES) continue;
    stretch = 0;
    await nextTurn();
  }
  return body;
}

/**
 * Reads a body of at most `maxBytes` into memory of its own (so that it can be moved to a thread).
 *
 * @returns `undefined` for a larger one, after ending its transfer.
 * @throws OffloadError `SOURCE_UNAVAILABLE` when nothing comes for `stallMs`; whatever `fetch` throws when fewer bytes
 *   come than were announced.
 */
export async function readBody(
  response: Response,
  { maxBytes, stallMs }: { readonly maxBytes: number; readonly stallMs: number },
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const reader = response.body?.getReader();
  if (!reader) return new Uint8Array(0);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let chunk = await readChunk(reader, stallMs); chunk; chunk = await readChunk(reader, stallMs)) {
      length += chunk.length;
      if (length > maxBytes) return undefined;
      chunks.push(chunk);
    }
    return await join(chunks, length);
  } finally {
    // Frees the connection in every outcome; after a complete body this does nothing.
    await reader.cancel().catch(() => undefined);
  }
}
