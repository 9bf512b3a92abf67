import type { IpcParts } from './take-apart.ts';

export type ArrowFormat = 'file' | 'stream';

/**
 * Puts batches taken from many small IPC files into one IPC body, by copying their messages' bytes as they are.
 * Call `begin` once, `add` for each file's parts, `end` once, and send what they return, in order.
 */
export interface Frame {
  begin(parts: IpcParts): Uint8Array[];
  add(parts: Pick<IpcParts, 'dictionaries' | 'batches'>): Uint8Array[];
  end(): Uint8Array[];
}

export function createFrame(format: ArrowFormat): Frame {
  return format === 'file' ? new FileFrame() : new StreamFrame();
}

const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0);

class StreamFrame implements Frame {
  #dictionaries: Uint8Array[] = [];

  begin(parts: IpcParts): Uint8Array[] {
    return [parts.schema];
  }

  /** A dictionary is sent again only where it differs: in a stream a new one replaces the old. */
  add({ dictionaries, batches }: Pick<IpcParts, 'dictionaries' | 'batches'>): Uint8Array[] {
    if (sameBytes(this.#dictionaries, dictionaries)) return batches;
    this.#dictionaries = dictionaries.map((dictionary) => copyOf(dictionary));
    return [...this.#dictionaries, ...batches];
  }

  end(): Uint8Array[] {
    return [END_OF_STREAM];
  }
}

interface Block {
  offset: number;
  metadataBytes: number;
  bodyBytes: number;
}

class FileFrame implements Frame {
  #position = 0;
  #footer: Uint8Array = new Uint8Array();
  readonly #batches: Block[] = [];
  readonly #dictionaries: Block[] = [];

  begin(parts: IpcParts): Uint8Array[] {
    this.#footer = copyOf(parts.footer);
    this.#position = parts.head.length;
    return [parts.head];
  }

  /** A file holds each dictionary once (a second would not be a replacement), so the caller has made sure they agree. */
  add({ dictionaries, batches }: Pick<IpcParts, 'dictionaries' | 'batches'>): Uint8Array[] {
    const newDictionaries = this.#batches.length === 0 ? dictionaries : [];
    for (const message of newDictionaries) this.#dictionaries.push(this.#place(message));
    for (const message of batches) this.#batches.push(this.#place(message));
    return [...newDictionaries, ...batches];
  }

  end(): Uint8Array[] {
    const footer = withBlocks(this.#footer, this.#dictionaries, this.#batches);
    const trailer = Buffer.alloc(10);
    trailer.writeInt32LE(footer.length, 0);
    trailer.write('ARROW1', 4, 'latin1');
    return [END_OF_STREAM, footer, trailer];
  }

  #place(message: Uint8Array): Block {
    const offset = this.#position;
    this.#position += message.length;
    const metadataBytes = 8 + new DataView(message.buffer, message.byteOffset).getInt32(4, true);
    return { offset, metadataBytes, bodyBytes: message.length - metadataBytes };
  }
}

const DICTIONARIES_SLOT = 8;
const RECORD_BATCHES_SLOT = 10;
const BLOCK_BYTES = 24;

/**
 * The same footer with other blocks. The engine's schema is kept byte for byte: the new block lists are appended behind
 * the footer's flatbuffer, and its two references to the old lists are pointed at them.
 */
function withBlocks(footer: Uint8Array, dictionaries: Block[], batches: Block[]): Uint8Array {
  const listBytes = (blocks: Block[]): number => 8 + blocks.length * BLOCK_BYTES;
  const dictionariesAt = Math.ceil(footer.length / 8) * 8;
  const batchesAt = dictionariesAt + listBytes(dictionaries);
  const bytes = new Uint8Array(batchesAt + listBytes(batches));
  bytes.set(footer);
  const view = new DataView(bytes.buffer);
  pointTo(view, DICTIONARIES_SLOT, writeBlocks(view, dictionariesAt, dictionaries));
  pointTo(view, RECORD_BATCHES_SLOT, writeBlocks(view, batchesAt, batches));
  return bytes;
}

/** Writes a vector of Block structs, whose elements are aligned to 8 and so its length is not; returns its position. */
function writeBlocks(view: DataView, at: number, blocks: Block[]): number {
  view.setUint32(at + 4, blocks.length, true);
  for (const [index, block] of blocks.entries()) {
    const position = at + 8 + index * BLOCK_BYTES;
    view.setBigInt64(position, BigInt(block.offset), true);
    view.setInt32(position + 8, block.metadataBytes, true);
    view.setBigInt64(position + 16, BigInt(block.bodyBytes), true);
  }
  return at + 4;
}

/**
 * Points a field of the root table at `target`. The table's vtable says where the field lies; both are found by an
 * offset, and both references are relative.
 * @see https://flatbuffers.dev/internals/
 */
function pointTo(view: DataView, slot: number, target: number): void {
  const root = view.getUint32(0, true);
  const vtable = root - view.getInt32(root, true);
  const offset = slot < view.getUint16(vtable, true) ? view.getUint16(vtable + slot, true) : 0;
  if (offset === 0) throw new TypeError('the Arrow footer has no block lists');
  const field = root + offset;
  view.setUint32(field, target - field, true);
}

/** What must outlive its batch is copied: the batch's memory is freed when it is sent. (A Buffer's `slice` is a view.) */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Whether two lists of messages are equal, byte for byte. */
export function sameBytes(left: Uint8Array[], right: Uint8Array[]): boolean {
  return (
    left.length === right.length &&
    left.every((bytes, index) => Buffer.compare(bytes, right[index] ?? new Uint8Array()) === 0)
  );
}
