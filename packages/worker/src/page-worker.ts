import { OffloadError, toOffloadError, type Logger } from '@lance-offload/base';
import {
  PAGE_QUEUE,
  pageJobSchema,
  isTriedAgain,
  Parking,
  settleFailure,
  type PageJob,
  type Queues,
} from '@lance-offload/fleet';
import type { RunPlan } from '@lance-offload/core';
import { Worker, type Job } from 'bullmq';
import { WORKER_OPTIONS, type WorkerConnection } from './connection.ts';
import { endLostAttempts, isLost, untilLost } from './lost-attempts.ts';
import { stagePage, type PageDeps } from './stage-page.ts';
import type { WorkerMonitor } from './worker-monitor.ts';

/** What a finished page tells the queue; the truth about it is its receipt. */
export interface PageResult {
  readonly rows: number;
  readonly bytes: number;
}

/** Plans do not change, so the last few are kept. */
class PlanCache {
  readonly #plans = new Map<string, RunPlan>();
  readonly #deps: PageDeps;

  constructor(deps: PageDeps) {
    this.#deps = deps;
  }

  async get(job: PageJob): Promise<RunPlan> {
    const known = this.#plans.get(job.runId);
    if (known) return known;
    const plan = await this.#deps.staging.readPlan(job);
    if (plan.source !== this.#deps.source.url) {
      throw new OffloadError(
        'CONFIG_INVALID',
        `Run ${plan.runId} reads ${plan.source}; this worker is configured for ${this.#deps.source.url}`,
        { runId: plan.runId },
      );
    }
    if (this.#plans.size >= 100) this.#plans.clear();
    this.#plans.set(job.runId, plan);
    return plan;
  }
}

/**
 * Takes pages off the queue. Knows BullMQ and nothing of pages: parses the payload, passes the signal on, translates
 * what failed into what the queue is to do.
 */
export function startPageWorker(
  deps: PageDeps,
  connection: WorkerConnection,
  queues: Queues,
  concurrency: number,
  monitor: WorkerMonitor,
  logger: Logger,
): Worker<PageJob, PageResult> {
  const plans = new PlanCache(deps);
  const parking = new Parking({ redis: connection.connection, prefix: connection.prefix });
  const { tracing } = queues;

  async function run(job: Job<PageJob, PageResult>, signal: AbortSignal): Promise<PageResult> {
    const payload = pageJobSchema.parse(job.data);
    const { runId, table, page } = payload;
    tracing.annotate({ runId, table, page: page.index, attempt: job.attemptsMade + 1 });
    if (await deps.staging.hasEnded(payload)) return { rows: 0, bytes: 0 }; // cancelled, or published long ago
    const plan = await plans.get(payload);
    using _ = monitor.begin({ runId: plan.runId, table: plan.table, page: payload.page.index });
    const receipt = await stagePage(plan, payload.page, untilLost(deps, signal), signal);
    monitor.staged(plan.runId, receipt);
    tracing.annotate({ rows: receipt.rows, bytes: receipt.sourceBytes });
    logger.info(
      {
        runId: plan.runId,
        table: plan.table,
        page: payload.page.index,
        rows: receipt.rows,
        bytes: receipt.sourceBytes,
        ...receipt.timings,
      },
      'page staged',
    );
    return { rows: receipt.rows, bytes: receipt.sourceBytes };
  }

  const worker = new Worker<PageJob, PageResult>(
    PAGE_QUEUE,
    async (job, token, signal) => {
      await parking.check(job, token);
      try {
        return await run(job, signal ?? new AbortController().signal);
      } catch (thrown) {
        const { runId, table, page } = job.data;
        if (isLost(signal)) {
          logger.warn({ runId, table, page: page.index }, String(signal?.reason));
          throw thrown;
        }
        const error = toOffloadError(thrown).with({ runId, table, page: page.index });
        logger.warn(
          {
            runId,
            table,
            page: page.index,
            code: error.code,
            attempt: job.attemptsMade + 1,
            next: error.policy.next,
          },
          error.message,
        );
        tracing.annotate({ code: error.code });
        monitor.failed(runId, page, error, isTriedAgain(error, job));
        throw await settleFailure(error, job, queues.page);
      }
    },
    { ...connection, ...WORKER_OPTIONS, ...tracing.bullmq, concurrency },
  );
  worker.on('error', (error) => logger.error({ queue: PAGE_QUEUE }, error.message));
  endLostAttempts(worker);
  return worker;
}
