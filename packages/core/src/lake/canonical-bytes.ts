const FLOAT_SIGN = -0x8000_0000;
const FLOAT_INFINITY = 0x7f80_0000;
const FLOAT_MAGNITUDE = 0x7fff_ffff;
const FLOAT_NAN = 0x7fc0_0000;
/** A NaN no arithmetic yields: announces that a double follows which is no float. */
const DOUBLE_FOLLOWS = 0x7fff_ffff;

/** A growing byte buffer that is filled anew for every row. */
export class ByteSink {
  #buffer = new Uint8Array(4096);
  #view = new DataView(this.#buffer.buffer);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

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
    this.#reserve(end - start);
    this.#buffer.set(source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
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

/** The bytes of floats with one NaN and no negative zero; the source's own bytes where there is nothing to change. */
export function canonicalFloats(floats: Float32Array): Uint8Array {
  const bits = new Int32Array(floats.buffer, floats.byteOffset, floats.length);
  const canonical = firstToChange(bits) === -1 ? bits : bits.map(canonicalBits);
  return new Uint8Array(canonical.buffer, canonical.byteOffset, canonical.byteLength);
}

/** Appends doubles so that one which is a float exactly is encoded as that float. */
export function canonicalDoubles(doubles: Float64Array): (sink: ByteSink, row: number) => void {
  return (sink, row) => {
    const value = doubles[row] ?? 0;
    if (Number.isNaN(value)) return sink.uint32(FLOAT_NAN);
    if (Math.fround(value) === value) return sink.float32(value === 0 ? 0 : value);
    sink.uint32(DOUBLE_FOLLOWS);
    sink.float64(value);
  };
}
