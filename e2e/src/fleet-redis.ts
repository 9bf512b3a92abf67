import { Queues } from '@lance-offload/core';
import { Redis } from 'ioredis';

/** A test's own look at the queues in Redis. */
export class FleetRedis {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly #prefix: string;

  constructor(url: string, prefix: string) {
    this.redis = new Redis(url, { maxRetriesPerRequest: null });
    this.queues = new Queues(this.redis, prefix);
    this.#prefix = prefix;
  }

  /** Waits until the first page of the test's own prefix is enqueued. */
  async firstPage(): Promise<void> {
    const own = this.redis.duplicate();
    await own.xread('BLOCK', 0, 'STREAMS', `${this.#prefix}:offload-page:events`, '0');
    own.disconnect();
  }

  /** Pages that were enqueued and have not ended. */
  async enqueuedPages(): Promise<number> {
    return this.queues.page.getJobCountByTypes('waiting', 'active', 'delayed');
  }

  async close(): Promise<void> {
    await this.queues.close();
    this.redis.disconnect();
  }
}
