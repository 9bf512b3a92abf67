import {
  OffloadError,
  PLAN_QUEUE,
  planJobSchema,
  settleFailure,
  toOffloadError,
  type Logger,
  type PlanJob,
} from '@lance-offload/core';
import { Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { planRun, type PlanRunDeps } from './plan-run.ts';

/** A killed producer's plan is free for another one after this long. Planning never blocks the event loop. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5000;

/** Takes plans off the queue while this producer runs. */
export function startPlanWorker(
  deps: PlanRunDeps,
  connection: { connection: Redis; prefix: string },
  logger: Logger,
): Worker<PlanJob> {
  const worker = new Worker<PlanJob>(
    PLAN_QUEUE,
    async (job) => {
      try {
        const payload = planJobSchema.parse(job.data);
        if (payload.source !== deps.source.url) {
          throw new OffloadError(
            'CONFIG_INVALID',
            `Run ${payload.runId} reads ${payload.source}; this producer is configured for ${deps.source.url}`,
          );
        }
        const { plan, enqueued } = await planRun(payload, deps);
        logger.info(
          {
            runId: plan.runId,
            table: plan.table,
            version: plan.sourceVersion,
            rows: plan.sourceRows,
            enqueued,
          },
          'run planned',
        );
        return { enqueued };
      } catch (thrown) {
        const { runId, table } = job.data;
        const error = toOffloadError(thrown).with({ runId, table });
        logger.warn({ runId, table, code: error.code, next: error.policy.next }, error.message);
        throw await settleFailure(error, job, deps.queues.plan);
      }
    },
    {
      ...connection,
      concurrency: 8,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: 10,
    },
  );
  worker.on('error', (error) => logger.error({ queue: PLAN_QUEUE }, error.message));
  return worker;
}
