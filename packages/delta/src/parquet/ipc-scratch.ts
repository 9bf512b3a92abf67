import * as arrow from 'apache-arrow';

const FIRST_BYTES = 2 ** 20;

/** Collects what a writer writes in one buffer, which is used again for the next batch of columns. */
class ScratchSink extends arrow.AsyncByteQueue {
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;

  clear(): void {
    this.#length = 0;
  }

  written(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  override write(value: Parameters<arrow.AsyncByteQueue['write']>[0]): void {
    if (!(value instanceof Uint8Array)) throw new TypeError('an Arrow writer writes bytes');
    if (this.#length + value.length > this.#buffer.length) this.#enlarge(this.#length + value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  #enlarge(bytes: number): void {
    const larger = new Uint8Array(Math.ceil(bytes * 1.25));
    larger.set(this.written());
    this.#buffer = larger;
  }
}

const sink = new ScratchSink();

/**
 * Record batches as an IPC stream, like `tableToIPC`, but in memory that is used again: a fresh 30 MB for every page
 * would cost its zeroing and a garbage collection. Valid until the next call.
 */
export function toScratchIpc(schema: arrow.Schema, batches: readonly arrow.RecordBatch[]): Uint8Array {
  sink.clear();
  const writer = new arrow.RecordBatchStreamWriter();
  writer.reset(sink, schema);
  for (const batch of batches) writer.write(batch);
  writer.finish();
  return sink.written();
}
