import { OffloadError } from '@lance-offload/base/transform';
import type { FlatTable } from './flat-table.ts';
import { DICTIONARY_BATCH, RECORD_BATCH, SCHEMA, takeApart, type IpcMessage } from './messages.ts';

function firstWords(body: Uint8Array): string {
  if (body.byteLength === 0) return 'an empty body';
  const text = Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 120)).toString('utf8');
  return `${body.byteLength} bytes that begin ${JSON.stringify(text)}`;
}

/** What is wrong with a body, as the error it is. */
export function badBody(expectation: string, cause: unknown): OffloadError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OffloadError('SOURCE_BAD_BODY', `${expectation}: ${reason}`, {}, { cause });
}

/**
 * The messages of a body, of which only the first may be its schema.
 *
 * @throws OffloadError `SOURCE_BAD_BODY`, with the body’s first words.
 */
export function openBody(body: Uint8Array): { messages: readonly IpcMessage[]; schema: FlatTable } {
  try {
    const { messages, footerSchema } = takeApart(body);
    const [first] = messages;
    const schema = first?.kind === SCHEMA ? first.header : footerSchema;
    const rest = first?.kind === SCHEMA ? messages.slice(1) : messages;
    if (!schema) throw new RangeError('there is no schema');
    if (rest.some(({ kind }) => kind !== DICTIONARY_BATCH && kind !== RECORD_BATCH))
      throw new RangeError('a message is neither rows nor a dictionary');
    return { messages: rest, schema };
  } catch (error) {
    throw badBody(`Expected Arrow IPC, got ${firstWords(body)}`, error);
  }
}
