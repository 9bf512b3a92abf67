import { ByteBuffer } from 'flatbuffers';
import { Footer } from '../arrow.ts';

/**
 * An Arrow IPC file as its pieces. Every piece is a view into the file's own bytes, nothing is copied.
 * `dictionaries` and `batches` are encapsulated messages: prefix, metadata, padding and body.
 */
export interface IpcParts {
  /** Everything up to the first batch: the magic, its padding and the schema message. */
  head: Uint8Array;
  schema: Uint8Array;
  dictionaries: Uint8Array[];
  batches: Uint8Array[];
  footer: Uint8Array;
}

const MAGIC = 'ARROW1';
const TRAILER_BYTES = 4 + MAGIC.length;
/** Every message begins with this word; the padding between the magic and the first message is zeros. */
const CONTINUATION = -1;

/**
 * Splits an Arrow IPC file along the blocks its footer lists.
 * @see https://arrow.apache.org/docs/format/Columnar.html#ipc-file-format
 */
export function takeApart(file: Buffer): IpcParts {
  const footerEnd = file.length - TRAILER_BYTES;
  if (footerEnd < 0 || file.toString('latin1', file.length - MAGIC.length) !== MAGIC) {
    throw new TypeError('not an Arrow IPC file: it does not end in ARROW1');
  }
  const footerBytes = file.subarray(footerEnd - file.readInt32LE(footerEnd), footerEnd);
  const footer = Footer.getRootAsFooter(new ByteBuffer(footerBytes));

  let schemaStart = 8;
  while (file.readInt32LE(schemaStart) !== CONTINUATION) schemaStart += 8;
  const schemaEnd = schemaStart + 8 + file.readInt32LE(schemaStart + 4);

  return {
    head: file.subarray(0, schemaEnd),
    schema: file.subarray(schemaStart, schemaEnd),
    dictionaries: messagesOf(file, footer.dictionariesLength(), (index) => footer.dictionaries(index)),
    batches: messagesOf(file, footer.recordBatchesLength(), (index) => footer.recordBatches(index)),
    footer: footerBytes,
  };
}

interface Block {
  offset(): bigint;
  metaDataLength(): number;
  bodyLength(): bigint;
}

function messagesOf(file: Buffer, count: number, blockAt: (index: number) => Block | null): Uint8Array[] {
  return Array.from({ length: count }, (_, index) => {
    const block = blockAt(index);
    if (!block) throw new TypeError(`not an Arrow IPC file: block ${index} of the footer is missing`);
    const start = Number(block.offset());
    return file.subarray(start, start + block.metaDataLength() + Number(block.bodyLength()));
  });
}
