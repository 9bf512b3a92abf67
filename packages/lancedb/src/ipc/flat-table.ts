/**
 * A table of a FlatBuffer, read within the bounds of its bytes (flatbuffers.dev, "Internals"). The generated readers
 * that Arrow uses check nothing: one wrong bit in a vector's length has them read four billion elements.
 *
 * Fields are asked for by their place in the schema, from 0 on. Every method throws a `RangeError` at the first offset
 * or count that does not fit the bytes.
 */
export class FlatTable {
  readonly #view: DataView;
  readonly #start: number;
  readonly #vtable: number;
  readonly #vtableBytes: number;

  private constructor(view: DataView, start: number) {
    this.#view = view;
    this.#start = start;
    this.#vtable = start - view.getInt32(start, true);
    this.#vtableBytes = view.getUint16(this.#vtable, true);
  }

  static root(bytes: Uint8Array): FlatTable {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return new FlatTable(view, view.getUint32(0, true));
  }

  byte(field: number, absent = 0): number {
    const at = this.#at(field);
    return at === undefined ? absent : this.#view.getUint8(at);
  }

  short(field: number, absent = 0): number {
    const at = this.#at(field);
    return at === undefined ? absent : this.#view.getInt16(at, true);
  }

  int(field: number, absent = 0): number {
    const at = this.#at(field);
    return at === undefined ? absent : this.#view.getInt32(at, true);
  }

  /** A 64-bit count or offset. */
  long(field: number): number {
    const at = this.#at(field);
    return at === undefined ? 0 : this.#count(at);
  }

  text(field: number): string | undefined {
    const vector = this.#vector(field, 1);
    if (!vector) return undefined;
    const { buffer, byteOffset } = this.#view;
    return Buffer.from(buffer, byteOffset + vector.start, vector.count).toString('utf8');
  }

  table(field: number): FlatTable | undefined {
    const at = this.#at(field);
    return at === undefined ? undefined : new FlatTable(this.#view, at + this.#view.getUint32(at, true));
  }

  tables(field: number): FlatTable[] {
    const vector = this.#vector(field, 4);
    return Array.from({ length: vector?.count ?? 0 }, (_, index) => {
      const at = (vector?.start ?? 0) + index * 4;
      return new FlatTable(this.#view, at + this.#view.getUint32(at, true));
    });
  }

  /** A vector of structs of two 64-bit numbers each. */
  pairs(field: number): (readonly [number, number])[] {
    const vector = this.#vector(field, 16);
    return Array.from({ length: vector?.count ?? 0 }, (_, index) => {
      const at = (vector?.start ?? 0) + index * 16;
      return [this.#number(at), this.#number(at + 8)] as const;
    });
  }

  #at(field: number): number | undefined {
    const entry = 4 + field * 2;
    if (entry + 2 > this.#vtableBytes) return undefined;
    const offset = this.#view.getUint16(this.#vtable + entry, true);
    return offset === 0 ? undefined : this.#start + offset;
  }

  #count(at: number): number {
    const value = this.#number(at);
    if (value < 0) throw new RangeError(`a count of ${value}`);
    return value;
  }

  #number(at: number): number {
    const value = Number(this.#view.getBigInt64(at, true));
    if (!Number.isSafeInteger(value)) throw new RangeError(`a count of ${value}`);
    return value;
  }

  #vector(field: number, elementBytes: number): { start: number; count: number } | undefined {
    const at = this.#at(field);
    if (at === undefined) return undefined;
    const vector = at + this.#view.getUint32(at, true);
    const count = this.#view.getUint32(vector, true);
    const start = vector + 4;
    if (start + count * elementBytes > this.#view.byteLength)
      throw new RangeError(`a list of ${count} elements in ${this.#view.byteLength} bytes`);
    return { start, count };
  }
}
