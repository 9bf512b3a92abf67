import type { Redis } from 'ioredis';
import type { Staging } from '@lance-offload/core';
import type { Attempts } from '@lance-offload/base';
import type { Queues } from './queues.ts';

/** How a process reaches its fleet, to look at runs and to operate them: Redis, the queues in it, and the lake. */
export interface FleetLink {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly staging: Staging;
  readonly prefix: string;
  readonly attempts: Attempts;
}
