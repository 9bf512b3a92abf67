import { FlatTable } from './flat-table.ts';

const MAGIC = 'ARROW1';
const FILE_HEADER_BYTES = 8;
/** Footer length and magic number at the end of a FILE. */
const FILE_TRAILER_BYTES = 4 + MAGIC.length;
const CONTINUATION = -1;
const PREFIX_BYTES = 8;

/** Members of the union `MessageHeader` (Arrow's Message.fbs). */
export const SCHEMA = 1;
export const DICTIONARY_BATCH = 2;
export const RECORD_BATCH = 3;

/** An encapsulated message: what its header is, and the bytes behind it. */
export interface IpcMessage {
  readonly kind: number;
  readonly header: FlatTable;
  readonly body: Uint8Array;
}

/** A body's messages in their order, and the schema of a FILE's footer. */
export interface IpcParts {
  readonly messages: readonly IpcMessage[];
  readonly footerSchema: FlatTable | undefined;
}

function messageAt(bytes: Buffer, start: number): { message: IpcMessage; end: number } {
  const bodyStart = start + PREFIX_BYTES + bytes.readInt32LE(start + 4);
  if (bodyStart < start + PREFIX_BYTES || bodyStart > bytes.length)
    throw new RangeError('a message’s metadata ends beyond the body');
  const table = FlatTable.root(bytes.subarray(start + PREFIX_BYTES, bodyStart));
  const header = table.table(2);
  if (!header) throw new RangeError('a message without a header');
  const end = bodyStart + table.long(3);
  if (end > bytes.length) throw new RangeError('the body ends in the middle of a message');
  const body = new Uint8Array(bytes.buffer, bytes.byteOffset + bodyStart, end - bodyStart);
  return { message: { kind: table.byte(1), header, body }, end };
}

function readStream(bytes: Buffer, from: number): IpcMessage[] {
  const messages: IpcMessage[] = [];
  let at = from;
  while (at < bytes.length) {
    if (bytes.readInt32LE(at) !== CONTINUATION)
      throw new RangeError('a message does not begin where it should');
    if (bytes.readInt32LE(at + 4) === 0) {
      if (bytes.subarray(at + PREFIX_BYTES).some((byte) => byte !== 0))
        throw new RangeError('there is more behind the end of the stream');
      return messages;
    }
    const { message, end } = messageAt(bytes, at);
    messages.push(message);
    at = end;
  }
  return messages;
}

/**
 * Takes an Arrow IPC body apart, in either framing, without touching its data. A FILE is a magic number, padding (a
 * writer may align to 64 bytes), the messages of a STREAM, and a footer with its length and the magic number again
 * (Arrow columnar format, "IPC File Format"); not every writer repeats the footer's schema in front.
 *
 * @throws RangeError for anything that is not whole.
 */
export function takeApart(body: Uint8Array): IpcParts {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes.toString('latin1', 0, MAGIC.length) !== MAGIC)
    return { messages: readStream(bytes, 0), footerSchema: undefined };
  if (bytes.toString('latin1', bytes.length - MAGIC.length) !== MAGIC)
    throw new RangeError('the file ends before its footer');
  const footerEnd = bytes.length - FILE_TRAILER_BYTES;
  const end = footerEnd < 0 ? 0 : footerEnd - bytes.readInt32LE(footerEnd);
  let start = FILE_HEADER_BYTES;
  while (start + 4 <= end && bytes.readInt32LE(start) === 0) start += 8;
  if (end < start || end >= footerEnd) throw new RangeError('the file has no footer');
  const messages = readStream(bytes.subarray(0, end), start);
  return { messages, footerSchema: FlatTable.root(bytes.subarray(end, footerEnd)).table(1) };
}
