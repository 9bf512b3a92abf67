import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { OffloadError } from '@lance-offload/base';
import type { TransformedPage, TransformTask } from '@lance-offload/core';
import { Piscina } from 'piscina';
import type { TransformOutcome } from './transform-thread.ts';

type RunOptions = NonNullable<Parameters<Piscina['run']>[1]>;

/** A transformed page, and the buffers its bodies came in, which are free again. */
export interface Transformed {
  readonly made: TransformedPage;
  readonly bodies: readonly ArrayBufferLike[];
}

/** Threads that do the CPU work of pages: decode, cast, hash, Parquet. */
export class TransformPool {
  readonly #pool: Piscina<TransformTask, TransformOutcome>;

  constructor(threads: number) {
    const extension = path.extname(fileURLToPath(import.meta.url)); // .ts from source, .js as built
    this.#pool = new Piscina<TransformTask, TransformOutcome>({
      filename: new URL(`./transform-thread${extension}`, import.meta.url).href,
      minThreads: 0,
      maxThreads: threads,
      idleTimeout: 300_000, // a WebAssembly memory never shrinks; a thread that is not needed gives it back
      ...(extension === '.ts' && { execArgv: ['--conditions=dev', '--disable-warning=ExperimentalWarning'] }),
    });
  }

  /** Transforms one page. Its bodies are moved to the thread; their buffers come back with the result. */
  async transform(task: TransformTask, signal: AbortSignal): Promise<Transformed> {
    // Piscina takes an array; its type is derived from an overload of postMessage that says otherwise.
    const transferList = task.bodies.map((body) => body.buffer) as unknown as RunOptions['transferList'];
    const outcome = await this.#pool.run(task, { signal, transferList });
    if ('made' in outcome) return outcome;
    const { code, message, details } = outcome.failure;
    throw new OffloadError(code, message.slice(code.length + 3), details);
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
