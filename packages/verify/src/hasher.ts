import { Worker } from 'node:worker_threads';
import { OffloadError, type describeError } from '@lance-offload/base';
import type { TransformTask } from '@lance-offload/core';
import type { RehashTask } from './rehash-file.ts';

/** Rows to hash, of a page or of a data file, and the Parquet file their hashes go to. */
export type HashTask = (TransformTask | RehashTask) & { readonly to: string };

/** What goes to the thread. */
export interface HashRequest {
  readonly id: number;
  readonly task: HashTask;
}

/** What comes back. Errors come as plain data, since an error's class does not survive the crossing. */
export type HashOutcome =
  | { readonly id: number; readonly rows: number; readonly buffers: readonly ArrayBuffer[] }
  | { readonly id: number; readonly failure: ReturnType<typeof describeError> };

type Hashed = Extract<HashOutcome, { rows: number }>;

/** A thread that hashes rows: the process stays free to fetch, and the WebAssembly memory ends with the thread. */
export class Hasher {
  readonly #thread: Worker;
  readonly #waiting = new Map<number, PromiseWithResolvers<Hashed>>();
  #lastId = 0;
  #failure: Error | undefined;

  constructor() {
    const fromSource = import.meta.url.endsWith('.ts');
    const entry = fromSource
      ? new URL('./hash-thread.ts', import.meta.url)
      : new URL('./hash-thread.js', import.meta.url);
    this.#thread = new Worker(entry, {
      ...(fromSource && { execArgv: ['--conditions=dev', '--disable-warning=ExperimentalWarning'] }),
    });
    this.#thread.on('message', (outcome: HashOutcome) => this.#settle(outcome));
    this.#thread.on('error', (error) =>
      this.#fail(new Error('the thread that hashes rows has failed', { cause: error })),
    );
    this.#thread.on('exit', () => this.#fail(new Error('the thread that hashes rows has ended')));
  }

  /**
   * Hashes rows into a file. The bodies of a page are moved to the thread; their buffers come back with the result.
   *
   * @throws OffloadError of the page's or the file's.
   */
  async hash(task: HashTask): Promise<Hashed> {
    if (this.#failure) throw this.#failure;
    this.#lastId += 1;
    const request: HashRequest = { id: this.#lastId, task };
    const settled = Promise.withResolvers<Hashed>();
    this.#waiting.set(request.id, settled);
    const bodies = 'bodies' in task ? task.bodies : [];
    this.#thread.postMessage(
      request,
      bodies.flatMap(({ buffer }) => (buffer instanceof ArrayBuffer ? [buffer] : [])),
    );
    return settled.promise;
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }

  #settle(outcome: HashOutcome): void {
    const waiting = this.#waiting.get(outcome.id);
    this.#waiting.delete(outcome.id);
    if ('rows' in outcome) return waiting?.resolve(outcome);
    const { code, message, details } = outcome.failure;
    waiting?.reject(new OffloadError(code, message.slice(code.length + 3), details));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
