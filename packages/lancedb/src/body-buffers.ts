const FIRST_BYTES = 2 ** 20;
/** How much of what was learnt from a body is still thought after another, smaller one: half of it after 35. */
const MEMORY = 0.98;
/** A buffer may be this many times as large as bodies are of late, to be kept. */
const KEPT = 3;

/**
 * Buffers for the bodies of pages, used again and again: a fresh one per page would cost the zeroing of its memory and a
 * garbage collection each time. Holds no more than were ever in use at once.
 */
export class BodyBuffers {
  readonly #free: ArrayBuffer[] = [];
  /** What a fresh buffer is made for: the largest body of late. One huge row must not make all later ones huge. */
  #typicalBytes = FIRST_BYTES;

  /** @param announced size of the body, where it is known. */
  take(announced = 0): Uint8Array<ArrayBuffer> {
    for (let buffer = this.#free.pop(); buffer; buffer = this.#free.pop())
      if (this.#fits(buffer) && buffer.byteLength >= announced) return new Uint8Array(buffer);
    return new Uint8Array(Math.max(this.#typicalBytes, announced));
  }

  /** Learns how large bodies are, so that the next fresh buffer fits at once. */
  learn(bytes: number): void {
    this.#typicalBytes = Math.max(FIRST_BYTES, bytes, Math.floor(this.#typicalBytes * MEMORY));
  }

  /**
   * A buffer for at least `bytes`, holding what `body` holds; `body` must not be used any more. Twice as large each time,
   * so that however large a body becomes, it is copied once on the whole; memory that nothing was written to costs nothing.
   *
   * @param maxBytes what the body may have at most.
   */
  enlarge(body: Uint8Array<ArrayBuffer>, bytes: number, maxBytes: number): Uint8Array<ArrayBuffer> {
    const wanted = Math.max(this.#typicalBytes, 2 * body.length);
    const larger = new Uint8Array(Math.max(bytes, Math.min(wanted, maxBytes)));
    larger.set(body);
    return larger;
  }

  /**
   * Takes a buffer back that nobody uses any more. One that is smaller than bodies have become is let go, and so is one
   * that is far larger: it grew for a single row, or for an answer that was never used.
   */
  giveBack(buffer: ArrayBuffer): void {
    if (this.#fits(buffer)) this.#free.push(buffer);
  }

  #fits({ byteLength }: ArrayBuffer): boolean {
    return byteLength >= this.#typicalBytes && byteLength <= KEPT * this.#typicalBytes;
  }
}
