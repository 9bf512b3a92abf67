import type { Redis } from 'ioredis';
import type { Staging } from '@lance-offload/core';
import type { Attempts } from '@lance-offload/base';
import type { Queues } from './queues.ts';

/** What operating a run needs: its queues and its lake. */
export interface Fleet {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly staging: Staging;
  readonly prefix: string;
  readonly attempts: Attempts;
}
