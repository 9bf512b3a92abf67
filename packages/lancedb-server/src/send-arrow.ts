import type { ServerResponse } from 'node:http';
import type { EngineScan } from './engine-scan.ts';
import { compressMessage } from './ipc/compress.ts';
import type { Compression } from './ipc/compress.ts';
import { createFrame, sameBytes } from './ipc/frame.ts';
import type { ArrowFormat } from './ipc/frame.ts';
import { takeApart } from './ipc/take-apart.ts';
import type { IpcParts } from './ipc/take-apart.ts';
import { unifyDictionaries } from './ipc/unify-dictionaries.ts';

export interface ArrowAnswer {
  format: ArrowFormat;
  compression?: Compression | undefined;
}

/**
 * Streams a scan's batches as one Arrow IPC body. One batch is on its way to the socket while the engine prepares the
 * next; that is all that is held. Returns early when the client has gone. An error before the first batch is thrown
 * with nothing sent, a later one leaves the body cut short.
 */
export async function sendArrow(
  response: ServerResponse,
  scan: EngineScan,
  answer: ArrowAnswer,
): Promise<void> {
  const source = answer.format === 'file' ? await withOneDictionary(scan) : scan;
  let current = await source.next();
  const opening = takeApart(current ?? (await scan.schema()));
  const frame = createFrame(answer.format);
  response.writeHead(200, { 'content-type': `application/vnd.apache.arrow.${answer.format}` });
  let open = await write(response, frame.begin(opening));
  while (open && current) {
    const next = source.next();
    next.catch(() => {}); // Thrown where it is awaited below; nobody awaits it once the client has gone.
    open = await write(response, frame.add(packed(takeApart(current), answer.compression)));
    if (!open) return; // The socket may still hold the batch: it is left to the collector.
    release(current);
    current = await next;
  }
  if (open) response.end(Buffer.concat(frame.end()));
}

/** Resolves when the bytes are with the kernel, to whether the client is still there. */
function write(response: ServerResponse, chunks: Uint8Array[]): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((resolve) => {
    const gone = (): void => resolve(false);
    response.once('close', gone);
    const written = (error?: Error | null): void => {
      response.off('close', gone);
      resolve(!error);
    };
    for (const [index, chunk] of chunks.entries()) {
      if (index === chunks.length - 1) response.write(chunk, written);
      else response.write(chunk);
    }
  });
}

/**
 * Frees a batch's memory now. It lies outside V8's heap, where the collector lets gigabytes pile up before it looks,
 * and where memory that was just used is much faster to fill again than fresh memory (half the time of a scan).
 */
function release(batch: Buffer): void {
  const { buffer } = batch;
  if (buffer instanceof ArrayBuffer && batch.byteLength === buffer.byteLength) buffer.transfer(0);
}

function packed(
  parts: IpcParts,
  compression: Compression | undefined,
): Pick<IpcParts, 'dictionaries' | 'batches'> {
  if (!compression) return parts;
  const pack = (messages: Uint8Array[]): Uint8Array[] =>
    messages.map((message) => compressMessage(message, compression));
  return { dictionaries: pack(parts.dictionaries), batches: pack(parts.batches) };
}

/**
 * An IPC file has one dictionary per column for all its batches, so an answer with dictionaries is gathered before it is
 * sent, and encoded anew where its batches disagree.
 */
async function withOneDictionary(scan: EngineScan): Promise<Pick<EngineScan, 'next'>> {
  const first = await scan.next();
  const dictionaries = first ? takeApart(first).dictionaries : [];
  if (!first || dictionaries.length === 0) return following([first], scan);
  const files = [first];
  for (let file = await scan.next(); file; file = await scan.next()) files.push(file);
  const agree = files.every((file) => sameBytes(takeApart(file).dictionaries, dictionaries));
  return following(agree ? files : [unifyDictionaries(files)]);
}

/** The given batches, then those of the rest. */
function following(batches: (Buffer | null)[], rest?: Pick<EngineScan, 'next'>): Pick<EngineScan, 'next'> {
  return { next: async () => (batches.length > 0 ? (batches.shift() ?? null) : (rest?.next() ?? null)) };
}
