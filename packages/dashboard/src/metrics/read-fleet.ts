import {
  readLakeTables,
  readTotals,
  readWorkers,
  redisTimeMs,
  type FleetLink,
  type FleetCounts,
  type LakeTable,
  type WorkerStanding,
} from '@lance-offload/fleet';
import type { Queue } from 'bullmq';
import type { QueueRow } from '../api/answers.ts';
import type { FleetState } from '../api/fleet-state.ts';
import { countOpenRuns } from './open-runs.ts';

const QUEUE_STATES = [
  'waiting',
  'prioritized',
  'delayed',
  'active',
  'waiting-children',
  'failed',
  'completed',
] as const;

export interface QueueStanding {
  readonly name: QueueRow['name'];
  /** Jobs by state. */
  readonly jobs: Readonly<Record<string, number>>;
  readonly paused: boolean;
}

/** The fleet at one moment, as Redis tells it. */
export interface FleetStanding {
  readonly totals: FleetCounts;
  readonly queues: readonly QueueStanding[];
  readonly workers: readonly WorkerStanding[];
  readonly tables: ReadonlyMap<string, LakeTable>;
  /** By state. */
  readonly openRuns: Readonly<Record<string, number>>;
}

export interface MetricsDeps extends Pick<FleetLink, 'redis' | 'queues' | 'prefix'> {
  /** What the pages know of the runs. */
  readonly state: FleetState;
}

async function readQueue(name: QueueStanding['name'], queue: Queue): Promise<QueueStanding> {
  const [jobs, paused] = await Promise.all([queue.getJobCounts(...QUEUE_STATES), queue.isPaused()]);
  return { name, jobs, paused };
}

/** Reads everything beside one another: a few round trips to Redis, however many tables, workers and runs there are. */
export async function readFleet(deps: MetricsDeps): Promise<FleetStanding> {
  const { redis, queues, state } = deps;
  const [totals, workers, tables, openRuns, ...standings] = await Promise.all([
    readTotals(deps),
    redisTimeMs(redis).then((nowMs) => readWorkers(nowMs, deps)),
    readLakeTables(deps),
    state.refresh(0).then(() => countOpenRuns(state)),
    readQueue('schedule', queues.schedule),
    readQueue('plan', queues.plan),
    readQueue('page', queues.page),
    readQueue('commit', queues.commit),
  ]);
  return { totals, workers, tables, openRuns, queues: standings };
}
