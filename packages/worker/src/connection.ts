import type { Redis } from 'ioredis';

/** What BullMQ's workers need of the Redis connection and the queue names. */
export interface WorkerConnection {
  readonly connection: Redis;
  readonly prefix: string;
}
