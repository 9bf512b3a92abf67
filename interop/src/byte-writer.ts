/** Bytes appended to one buffer that grows and is used again, since most of the work here is millions of short values. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(1 << 16);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What was written from `start` on; valid until the next write. */
  since(start: number): Buffer {
    return this.#bytes.subarray(start, this.#length);
  }

  tag(character: string): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = character.charCodeAt(0);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  int64(value: bigint): void {
    this.#reserve(8);
    this.#length = this.#bytes.writeBigInt64LE(value, this.#length);
  }

  /** Length and bytes, so that two neighbours cannot be read as one. */
  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** `count` bytes from `start` on, one by one: for four or eight of them, that is faster than a view and a copy. */
  few(from: Uint8Array, start: number, count: number): void {
    this.#reserve(count);
    for (let at = start; at < start + count; at++) this.#bytes[this.#length++] = from[at] ?? 0;
  }

  text(value: string): void {
    this.bytes(Buffer.from(value, 'utf8'));
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
