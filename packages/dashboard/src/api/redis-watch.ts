import { OffloadError } from '@lance-offload/base';
import type { Redis } from 'ioredis';
import type { StreamStatus } from './answers.ts';
import { ApiError } from './api-error.ts';

const PING_MS = 500;
/** A Redis that is connected, and silent for this long, is lost as well. */
const SILENT_MS = 1500;
/** What takes longer is not waited for, whatever the reason. */
const PATIENCE_MS = 60_000;

const lost = (): Error => new OffloadError('REDIS_UNAVAILABLE', 'Redis does not answer');
const tooSlow = (): Error =>
  new ApiError(503, 'TOO_SLOW', 'It takes longer than a minute; what was begun may still be done.');

/** Knows whether Redis answers, within two seconds of a change. */
export class RedisWatch {
  readonly #redis: Redis;
  readonly #listeners = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  #status: StreamStatus;
  #askedAtMs: number | undefined;

  constructor(redis: Redis) {
    this.#redis = redis;
    this.#status = { redis: redis.status === 'ready' ? 'ok' : 'lost', sinceMs: Date.now() };
    redis.on('close', this.#lose).on('ready', this.#ask);
    this.#timer = setInterval(this.#ask, PING_MS).unref();
  }

  get status(): StreamStatus {
    return this.#status;
  }

  /** Calls back at each change. Returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Does what needs Redis, and does not wait for one that is away.
   *
   * @throws OffloadError `REDIS_UNAVAILABLE` as soon as Redis is lost; the work may still be done when it is back.
   * @throws ApiError 503 for what takes longer than a minute.
   */
  async within<T>(work: () => Promise<T>): Promise<T> {
    if (this.#status.redis === 'lost') throw lost();
    const { promise: given, reject } = Promise.withResolvers<never>();
    const forget = this.onChange(() => reject(lost()));
    const timer = setTimeout(() => reject(tooSlow()), PATIENCE_MS).unref();
    try {
      const done = work();
      done.catch(() => undefined); // nobody waits for it any more
      return await Promise.race([done, given]);
    } finally {
      clearTimeout(timer);
      forget();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    this.#redis.off('close', this.#lose).off('ready', this.#ask);
    this.#listeners.clear();
  }

  readonly #lose = (): void => this.#set('lost');

  readonly #ask = (): void => {
    if (this.#redis.status !== 'ready') {
      this.#lose();
      return;
    }
    if (this.#askedAtMs !== undefined) {
      if (Date.now() - this.#askedAtMs >= SILENT_MS) this.#lose();
      return;
    }
    this.#askedAtMs = Date.now();
    this.#redis
      .ping()
      .then(
        () => this.#set('ok'),
        () => undefined, // the connection broke: `close` says so
      )
      .finally(() => {
        this.#askedAtMs = undefined;
      });
  };

  #set(redis: StreamStatus['redis']): void {
    if (this.#status.redis === redis) return;
    this.#status = { redis, sinceMs: Date.now() };
    for (const listener of this.#listeners) listener();
  }
}
