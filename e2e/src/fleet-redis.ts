import { Queues } from '@lance-offload/fleet';
import { Redis } from 'ioredis';

/** A test's own look at the queues in Redis. */
export class FleetRedis {
  readonly redis: Redis;
  readonly queues: Queues;

  constructor(url: string, prefix: string) {
    this.redis = new Redis(url, { maxRetriesPerRequest: null });
    this.queues = new Queues(this.redis, prefix);
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
