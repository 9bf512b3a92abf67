import type { FleetLink } from '@lance-offload/fleet';
import type { Queue } from 'bullmq';
import type { QueueRow } from './answers.ts';

async function rowOf(name: QueueRow['name'], queue: Queue): Promise<QueueRow> {
  const [counts, paused] = await Promise.all([
    queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'failed', 'waiting-children'),
    queue.isPaused(),
  ]);
  const count = (state: string): number => counts[state] ?? 0;
  return {
    name,
    waiting: count('waiting') + count('prioritized'),
    active: count('active'),
    delayed: count('delayed'),
    failed: count('failed'),
    waitingChildren: count('waiting-children'),
    paused,
  };
}

/** The queues in the order a run passes through them. */
export function readQueues({ queues }: FleetLink): Promise<QueueRow[]> {
  const { schedule, plan, page, commit } = queues;
  return Promise.all([
    rowOf('schedule', schedule),
    rowOf('plan', plan),
    rowOf('page', page),
    rowOf('commit', commit),
  ]);
}
