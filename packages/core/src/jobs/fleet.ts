import type { Redis } from 'ioredis';
import type { Config } from '../config/load.ts';
import type { Staging } from '../lake/staging.ts';
import type { Attempts, Queues } from './queues.ts';

/** What operating a run needs: its queues and its lake. */
export interface Fleet {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly staging: Staging;
  readonly prefix: string;
  readonly attempts: Attempts;
}

export function attemptsOf(config: Config): Attempts {
  return {
    maxRetries: config.connection.max_retries,
    initialDelayMs: config.connection.initial_retry_delay * 1000,
  };
}
