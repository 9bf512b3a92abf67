import type { Logger } from '@lance-offload/base';
import type { RedisWatch } from './redis-watch.ts';

export interface FeedOptions<Value> {
  /** Reads the present value. */
  readonly read: () => Promise<Value>;
  /** Whether listeners need not hear of a new value. */
  readonly isSame?: (before: Value, after: Value) => boolean;
  readonly intervalMs: number;
  /** With nobody listening, it is still read this often; absent: not at all. */
  readonly warmMs?: number;
  readonly watch: RedisWatch;
  readonly logger: Logger;
}

type Listener<Value> = (value: Value, previous: Value | undefined) => void;

/** One poller for all who listen to a topic. It pauses while Redis is away. */
export class Feed<Value> {
  readonly #options: FeedOptions<Value>;
  readonly #listeners = new Set<Listener<Value>>();
  readonly #forgetWatch: () => void;
  #latest: Value | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<Value> | undefined;
  #closed = false;

  constructor(options: FeedOptions<Value>) {
    this.#options = options;
    this.#forgetWatch = options.watch.onChange(() => {
      this.#latest = undefined;
      this.expire();
    });
    if (options.warmMs !== undefined) this.#schedule(0);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /**
   * The present value, no older than `maxAgeMs`.
   *
   * @throws what reading it throws; `REDIS_UNAVAILABLE` while Redis is away.
   */
  async get(maxAgeMs: number): Promise<Value> {
    if (this.#latest !== undefined && performance.now() - this.#readAtMs < maxAgeMs) return this.#latest;
    return this.#read();
  }

  /** Calls back with each new value, together with the one before it. Returns what ends that. */
  subscribe(listener: Listener<Value>): () => void {
    this.#listeners.add(listener);
    this.#schedule(this.#options.intervalMs);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#schedule(this.#options.warmMs);
    };
  }

  /** Something was changed: reads at once, for those who listen. */
  expire(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    if (this.#listeners.size > 0 || this.#options.warmMs !== undefined) this.#schedule(0);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#forgetWatch();
    this.#listeners.clear();
  }

  #schedule(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms === undefined || this.#closed) return;
    this.#timer = setTimeout(() => void this.#tick(), ms).unref();
  }

  async #tick(): Promise<void> {
    try {
      if (this.#options.watch.status.redis === 'ok') await this.#read();
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'a topic could not be read');
    }
    this.#schedule(this.#listeners.size > 0 ? this.#options.intervalMs : this.#options.warmMs);
  }

  #read(): Promise<Value> {
    this.#running ??= this.#readOnce().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #readOnce(): Promise<Value> {
    const { watch, read, isSame } = this.#options;
    const value = await watch.within(read);
    const previous = this.#latest;
    this.#readAtMs = performance.now();
    if (previous !== undefined && isSame?.(previous, value)) return previous;
    this.#latest = value;
    for (const listener of this.#listeners) listener(value, previous);
    return value;
  }
}
