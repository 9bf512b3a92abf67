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

  /** Waits until so many pages are enqueued, and not much longer: Redis tells of each one as it comes. */
  async pagesEnqueued(count: number): Promise<void> {
    const own = this.redis.duplicate();
    let last = '0';
    for (let seen = 0; seen < count; ) {
      const [stream] = (await own.xread('BLOCK', 0, 'STREAMS', `${this.#prefix}:offload-page:events`, last)) ?? [];
      const events = stream?.[1] ?? [];
      seen += events.filter(([, fields]) => fields.includes('added')).length;
      last = events.at(-1)?.[0] ?? last;
    }
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
