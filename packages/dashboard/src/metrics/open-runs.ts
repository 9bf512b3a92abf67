import type { Queues } from '@lance-offload/core';
import type { Redis } from 'ioredis';

/** As `lance-offload status` has them; of a run the queue has lost, the queue cannot tell. */
export type OpenState = 'planning' | 'staging' | 'blocked' | 'committing' | 'failed';

export interface RunsDeps {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly prefix: string;
}

/** Ids that are read of a queue's state at most: a scrape must stay short, whatever has failed. */
const MOST_IDS = 10_000;

const runOf = (jobId: string): string => jobId.replace(/\.(?:plan|commit|page-\d+)$/, '');

interface Told {
  readonly state: string;
  readonly unstaged: number;
}

/** What was told of runs, by their ids, in one round trip. */
async function readTold(
  runIds: readonly string[],
  { redis, prefix }: RunsDeps,
): Promise<ReadonlyMap<string, Told>> {
  const pipeline = redis.pipeline();
  for (const runId of runIds) pipeline.hmget(`${prefix}:run:${runId}`, 'state', 'pages', 'stagedPages');
  const answers = (await pipeline.exec()) ?? [];
  return new Map(
    runIds.map((runId, index) => {
      const [error, fields] = answers[index] ?? [];
      if (error) throw error;
      const [state, pages, staged] = (fields ?? []) as (string | null)[];
      return [runId, { state: state ?? 'staging', unstaged: Number(pages ?? 0) - Number(staged ?? 0) }];
    }),
  );
}

function countByRun(jobIds: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const id of jobIds) counts.set(runOf(id), (counts.get(runOf(id)) ?? 0) + 1);
  return counts;
}

/** How many runs are open in which state, by the queue and what was told of them. Two round trips to Redis. */
export async function countOpenRuns(deps: RunsDeps): Promise<Record<OpenState, number>> {
  const { commit, plan, page } = deps.queues;
  const last = MOST_IDS - 1;
  const [waiting, committing, commitFailed, planFailed, pagesFailed] = await Promise.all([
    commit.getRanges(['waiting-children'], 0, last),
    commit.getRanges(['active', 'wait', 'delayed', 'prioritized'], 0, last),
    commit.getRanges(['failed'], 0, last),
    plan.getRanges(['failed'], 0, last),
    page.getRanges(['failed'], 0, last),
  ]);
  const unplanned = new Set(planFailed.map(runOf));
  const failures = countByRun(pagesFailed);
  const told = await readTold(waiting.map(runOf), deps);
  const counts: Record<OpenState, number> = {
    planning: 0,
    staging: 0,
    blocked: 0,
    committing: committing.length,
    failed: commitFailed.length,
  };
  for (const [runId, { state, unstaged }] of told) {
    const failed = failures.get(runId) ?? 0;
    if (unplanned.has(runId)) counts.failed += 1;
    else if (state === 'planning') counts.planning += 1;
    else counts[failed > 0 && failed >= unstaged ? 'blocked' : 'staging'] += 1;
  }
  return counts;
}
