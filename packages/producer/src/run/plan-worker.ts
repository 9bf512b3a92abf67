import {
  count,
  errorField,
  logRun,
  Parking,
  PLAN_QUEUE,
  settleFailure,
  type FleetLink,
} from '@lance-offload/fleet';
import { pageCount, planJobSchema, type PlanJob } from '@lance-offload/core';
import { OffloadError, PRODUCT, toOffloadError } from '@lance-offload/base';
import { Worker } from 'bullmq';
import type { Context } from '../context.ts';
import { planRun, type PlanRunDeps } from './plan-run.ts';

/** A killed producer's plan is free for another one after this long. Planning never blocks the event loop. */
const LOCK_MS = 10_000;
const STALLED_CHECK_MS = 5000;

const SAYS = { from: 'producer' } as const;

/** Takes plans off the queue until the command ends. */
export function startPlanWorker(context: Context, fleet: FleetLink): void {
  const { logger, source, staging } = context;
  const deps: PlanRunDeps = {
    source,
    staging,
    pageBytes: context.config.page_bytes,
    createdBy: PRODUCT,
    fleet,
  };
  const parking = new Parking(fleet);
  const { tracing } = fleet.queues;
  const worker = new Worker<PlanJob>(
    PLAN_QUEUE,
    async (job, token, signal) => {
      await parking.check(job, token);
      try {
        const payload = planJobSchema.parse(job.data);
        tracing.annotate({ runId: payload.runId, table: payload.table, attempt: job.attemptsMade + 1 });
        if (payload.source !== deps.source.url) {
          throw new OffloadError(
            'CONFIG_INVALID',
            `Run ${payload.runId} reads ${payload.source}; this producer is configured for ${deps.source.url}`,
          );
        }
        const own = signal ? { ...deps, staging: staging.during(signal) } : deps;
        const { plan, enqueued } = await planRun(payload, own, signal);
        tracing.annotate({ rows: plan.sourceRows });
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
        const text = plan.unchanged
          ? `nothing to do: the lake holds version ${plan.sourceVersion} already`
          : `planned: version ${plan.sourceVersion}, ${plan.sourceRows} rows in ${pageCount(plan)} pages, ${enqueued} of them enqueued`;
        await logRun(plan.runId, { ...SAYS, level: 'info', text, atMs: Date.now() }, fleet);
        return { enqueued };
      } catch (thrown) {
        const { runId, table } = job.data;
        const error = toOffloadError(thrown).with({ runId, table });
        if (error.code === 'RUN_CLOSED') {
          // Cancelled while it was planned: no failure. A failed plan would keep its commit in the queue for good.
          logger.info({ runId, table }, error.message);
          return { enqueued: 0 };
        }
        const attempt = job.attemptsMade + 1;
        logger.warn({ runId, table, code: error.code, attempt, next: error.policy.next }, error.message);
        tracing.annotate({ code: error.code });
        await count({ [errorField(error.code)]: 1 }, fleet);
        await logRun(
          runId,
          { ...SAYS, level: 'error', code: error.code, text: error.message, atMs: Date.now() },
          fleet,
        );
        throw await settleFailure(error, job, fleet.queues.plan);
      }
    },
    {
      connection: fleet.redis,
      prefix: fleet.prefix,
      ...tracing.bullmq,
      concurrency: 8,
      lockDuration: LOCK_MS,
      stalledInterval: STALLED_CHECK_MS,
      maxStalledCount: 10,
    },
  );
  worker.on('error', (error) => logger.error({ queue: PLAN_QUEUE }, error.message));
  worker.on('lockRenewalFailed', (ids: string[]) => {
    for (const id of ids) worker.cancelJob(id, 'the lock of the job is lost: another producer takes it');
  });
  context.onClose(() => worker.close());
}
