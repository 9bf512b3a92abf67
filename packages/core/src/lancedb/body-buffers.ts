const FIRST_BYTES = 2 ** 20;
const GROWTH_BYTES = 2 ** 23;

/**
 * Buffers for the bodies of pages, used again and again: a fresh one per page would cost the zeroing of its memory and a
 * garbage collection each time. Holds no more than were ever in use at once.
 */
export class BodyBuffers {
  readonly #free: ArrayBuffer[] = [];
  /** Largest body so far: what a fresh buffer is made for. */
  #typicalBytes = FIRST_BYTES;

  take(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#free.pop() ?? new ArrayBuffer(this.#typicalBytes));
  }

  /** Learns how large bodies are, so that the next fresh buffer fits at once. */
  learn(bytes: number): void {
    this.#typicalBytes = Math.max(this.#typicalBytes, bytes);
  }

  /** A buffer for at least `bytes`, holding what `body` holds; `body` must not be used any more. */
  enlarge(body: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
    const size = Math.max(this.#typicalBytes, bytes + Math.min(bytes, GROWTH_BYTES));
    const larger = new Uint8Array(size);
    larger.set(body);
    return larger;
  }

  /**
   * Takes a buffer back that nobody uses any more. One that is smaller than bodies have become is let go, and so is one
   * that grew far beyond them for an answer that was never used.
   */
  giveBack(buffer: ArrayBuffer): void {
    const size = buffer.byteLength;
    if (size >= this.#typicalBytes && size <= 2 * this.#typicalBytes + GROWTH_BYTES) this.#free.push(buffer);
  }
}
