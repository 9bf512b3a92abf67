const FLOAT_SIGN = -0x8000_0000;
const FLOAT_INFINITY = 0x7f80_0000;
const FLOAT_MAGNITUDE = 0x7fff_ffff;
const FLOAT_NAN = 0x7fc0_0000;
/** A NaN no arithmetic yields: announces that a double follows which is no float. */
const DOUBLE_FOLLOWS = 0x7fff_ffff;

/** Bytes collected at most; a row that has more is handed on in pieces, whatever its size. */
const PIECE_BYTES = 2 ** 18;

/** A growing byte buffer that is filled anew for every row. */
export class ByteSink {
  #buffer = new Uint8Array(4096);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;
  readonly #onPiece: (piece: Uint8Array) => void;

  /** @param onPiece takes the start of a row that is too long to be collected, piece by piece; valid for the call only. */
  constructor(onPiece: (piece: Uint8Array) => void) {
    this.#onPiece = onPiece;
  }

  clear(): void {
    this.#length = 0;
  }

  /** What of the row has not been handed on. */
  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** A number of at most 32 bits as a 64-bit integer. */
  int64(value: number): void {
    this.#reserve(8);
    this.#view.setInt32(this.#length, value, true);
    this.#view.setInt32(this.#length + 4, value < 0 ? -1 : 0, true);
    this.#length += 8;
  }

  float64(value: number): void {
    this.#reserve(8);
    this.#view.setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  float32(value: number): void {
    this.#reserve(4);
    this.#view.setFloat32(this.#length, value, true);
    this.#length += 4;
  }

  bytes(source: Uint8Array, start: number, end: number): void {
    if (end - start > PIECE_BYTES) return this.#handOn(source, start, end);
    this.#reserve(end - start);
    this.#buffer.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #handOn(source: Uint8Array, start: number, end: number): void {
    this.#onPiece(this.written());
    this.#length = 0;
    for (let at = start; at < end; at += PIECE_BYTES)
      this.#onPiece(source.subarray(at, Math.min(at + PIECE_BYTES, end)));
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    if (this.#length + bytes > PIECE_BYTES) {
      this.#onPiece(this.written());
      this.#length = 0;
    }
    if (bytes <= this.#buffer.length - this.#length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

function canonicalBits(bits: number): number {
  if (bits === FLOAT_SIGN) return 0;
  return (bits & FLOAT_MAGNITUDE) > FLOAT_INFINITY ? FLOAT_NAN : bits;
}

/** Index of the first negative zero or NaN. The hot loop of a vector column: by index, over integers, no calls. */
function firstToChange(bits: Int32Array): number {
  const { length } = bits;
  for (let index = 0; index < length; index++) {
    const value = bits[index] ?? 0;
    if (value === FLOAT_SIGN || (value & FLOAT_MAGNITUDE) > FLOAT_INFINITY) return index;
  }
  return -1;
}

/** How floats and doubles are encoded. A double that is a float exactly is encoded as that float in any case. */
export interface FloatEncoding {
  /** The bytes of floats, four each; their own where there is nothing to change. */
  readonly floats: (values: Float32Array) => Uint8Array;
  readonly doubles: (values: Float64Array) => (sink: ByteSink, row: number) => void;
}

/** Calls `change` for the bits of each float where a negative zero or a NaN is among them. */
function changedFloats(floats: Float32Array, change: (bits: number) => number): Uint8Array {
  const bits = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  const changed = firstToChange(bits) === -1 ? bits : bits.map(change);
  return new Uint8Array(changed.buffer, changed.byteOffset, changed.byteLength);
}

/** One NaN, and no negative zero: values that compare alike are encoded alike. */
export const CANONICAL: FloatEncoding = {
  floats: (values) => changedFloats(values, canonicalBits),
  doubles: (values) => (sink, row) => {
    const value = values[row] ?? 0;
    if (Number.isNaN(value)) return sink.uint32(FLOAT_NAN);
    if (Math.fround(value) === value) return sink.float32(value === 0 ? 0 : value);
    sink.uint32(DOUBLE_FOLLOWS);
    sink.float64(value);
  },
};

/** The bit that a NaN gets by being widened, whatever it was. */
const QUIET = 0x0040_0000;
/** The bits of a double's fraction that a float lacks. */
const BEYOND_FLOAT = 0x1fff_ffff;

function quietBits(bits: number): number {
  return (bits & FLOAT_MAGNITUDE) > FLOAT_INFINITY ? bits | QUIET : bits;
}

/** Each zero by its sign and each NaN by its bits, but for the one that tells a signalling NaN. */
export const BY_BITS: FloatEncoding = {
  floats: (values) => changedFloats(values, quietBits),
  doubles: (values) => {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length * 2);
    return (sink, row) => {
      const value = values[row] ?? 0;
      if (Math.fround(value) === value) return sink.float32(value);
      const [low = 0, high = 0] = [words[2 * row], words[2 * row + 1]];
      if (Number.isNaN(value) && (low & BEYOND_FLOAT) === 0) {
        const fraction = ((high & 0xf_ffff) << 3) | (low >>> 29);
        return sink.uint32(((high & FLOAT_SIGN) | FLOAT_INFINITY | fraction | QUIET) >>> 0);
      }
      sink.uint32(DOUBLE_FOLLOWS);
      sink.uint32(low);
      sink.uint32(high);
    };
  },
};

/** Whether the two encodings of a column's floats may differ. */
export function hasOddFloats(values: Float32Array | Float64Array): boolean {
  if (values instanceof Float32Array)
    return firstToChange(new Int32Array(values.buffer, values.byteOffset, values.length)) !== -1;
  return values.some((value) => Number.isNaN(value) || Object.is(value, -0));
}
