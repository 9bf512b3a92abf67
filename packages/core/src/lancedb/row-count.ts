import { MessageReader } from 'apache-arrow';
import { OffloadError } from '../errors/offload-error.ts';

const MAGIC = 'ARROW1';
const FILE_HEADER_BYTES = 8;
/** Footer length and magic number at the end of a FILE. */
const FILE_TRAILER_BYTES = 4 + MAGIC.length;

/**
 * The messages of a body. A FILE is a magic number, padding (a writer may align to 64 bytes), the messages of a STREAM,
 * and a footer with its length and the magic number again (Arrow columnar format, "IPC File Format").
 */
function messagesOf(body: Uint8Array): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) return body;
  if (bytes.toString('latin1', bytes.length - MAGIC.length) !== MAGIC)
    throw new Error('the file ends before its footer');
  const end = bytes.length - FILE_TRAILER_BYTES - bytes.readInt32LE(bytes.length - FILE_TRAILER_BYTES);
  let start = FILE_HEADER_BYTES;
  while (start + 4 <= end && bytes.readInt32LE(start) === 0) start += 8;
  if (end < start) throw new Error('the file has no footer');
  return body.subarray(start, end);
}

/**
 * Counts the rows of an Arrow IPC body by its message headers, without touching the data: cheap enough for the event
 * loop, whatever the size.
 *
 * @throws OffloadError `SOURCE_BAD_BODY` for a body that is not whole Arrow IPC.
 */
export function countArrowRows(body: Uint8Array): number {
  let rows = 0;
  try {
    const messages = messagesOf(body);
    const reader = new MessageReader(messages);
    let schemas = 0;
    for (const message of reader) {
      if (message.isSchema()) schemas += 1;
      if (message.isRecordBatch()) rows += message.header().length;
      const bytes = reader.readMessageBody(message.bodyLength);
      if (bytes.byteLength < message.bodyLength)
        throw new Error('the body ends in the middle of a record batch');
    }
    // A file has its schema in the footer as well, and not every writer repeats it in front.
    if (schemas === 0 && messages === body) throw new Error('there is no schema');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const begin = JSON.stringify(
      Buffer.from(body.buffer, body.byteOffset, Math.min(body.byteLength, 120)).toString('utf8'),
    );
    throw new OffloadError(
      'SOURCE_BAD_BODY',
      `Expected Arrow IPC, got ${body.byteLength} bytes that begin ${begin} (${reason})`,
      {},
      { cause: error },
    );
  }
  return rows;
}
