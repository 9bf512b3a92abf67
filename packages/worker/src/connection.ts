import type { Redis } from 'ioredis';

/** What BullMQ's workers need of the Redis connection and the queue names. */
export interface WorkerConnection {
  readonly connection: Redis;
  readonly prefix: string;
}

/**
 * Options both of a worker's queues share. A killed worker's jobs are free for another one after 20 to 30 s; a fleet
 * that loses machines again and again still finishes a job; a day of throughput is kept for the board.
 */
export const WORKER_OPTIONS = {
  lockDuration: 20_000,
  stalledInterval: 10_000,
  maxStalledCount: 10,
  metrics: { maxDataPoints: 60 * 24 },
} as const;
