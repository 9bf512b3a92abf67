import {
  COMMIT_QUEUE,
  commitJobSchema,
  isTriedAgain,
  Parking,
  resume,
  settleFailure,
  type CommitJob,
  type Queues,
} from '@lance-offload/fleet';
import { commitRun, refuseMadeAnew, type CommitStep } from '@lance-offload/core';
import { toOffloadError, type Logger } from '@lance-offload/base';
import { Worker } from 'bullmq';
import { WORKER_OPTIONS, type WorkerConnection } from './connection.ts';
import { endLostAttempts, isLost, untilLost } from './lost-attempts.ts';
import { createRepair } from './repair-run.ts';
import type { PageDeps } from './stage-page.ts';
import type { WorkerMonitor } from './worker-monitor.ts';

/** Steps are told of when they are done; a span is named for what was done. */
const SPAN_NAMES: Record<CommitStep, string> = {
  audited: 'audit',
  merged: 'merge',
  'vectors written': 'write vectors',
  decided: 'decide',
  logged: 'log',
  'views refreshed': 'refresh views',
  counted: 'count',
  reported: 'report',
};

/** Takes commits off the queue, one at a time: an audit uses DuckDB with a memory of its own. */
export function startCommitWorker(
  deps: PageDeps,
  connection: WorkerConnection,
  queues: Queues,
  monitor: WorkerMonitor,
  logger: Logger,
): Worker<CommitJob> {
  const fleet = { redis: connection.connection, prefix: connection.prefix };
  const parking = new Parking(fleet);
  const { tracing } = queues;
  const worker = new Worker<CommitJob>(
    COMMIT_QUEUE,
    async (job, token, signal) => {
      await parking.check(job, token);
      try {
        const commit = commitJobSchema.parse(job.data);
        const { runId, table } = commit;
        tracing.annotate({ runId, table, attempt: job.attemptsMade + 1 });
        // Cancelled before it had a plan, or ended so long ago that it has none any more: there is nothing to report on.
        const ended = (await deps.staging.findPlan(commit)) ? undefined : await deps.staging.endOf(commit);
        if (ended) return { state: ended, rows: 0 };
        using _ = monitor.begin({ runId, table });
        const started = performance.now();
        monitor.committing(runId, 'auditing');
        const lost = signal ?? new AbortController().signal;
        const own = untilLost(deps, lost);
        const repair = createRepair(own, lost);
        let stepped = started;
        const onStep = async (step: CommitStep) => {
          tracing.past(SPAN_NAMES[step], performance.now() - stepped);
          stepped = performance.now();
          monitor.committing(runId, step);
          // Before the decision: rows of a table that was made anew meanwhile are not those that were planned. Once it is
          // taken they have been audited, and the run needs the source no more.
          if (step === 'merged' && !(await own.staging.findDecision(commit)))
            await refuseMadeAnew(await deps.staging.readPlan(commit), deps.source);
        };
        const report = await commitRun(commit, own.staging, onStep, repair);
        await resume({ ...fleet, queues }, { runId }); // it may have been paused while it was committed
        monitor.committed(report, performance.now() - started);
        tracing.annotate({
          rows: report.lakeRows,
          ...(report.deltaVersion !== null && { deltaVersion: report.deltaVersion }),
        });
        logger.info(
          {
            runId: report.runId,
            table: report.table,
            rows: report.lakeRows,
            deltaVersion: report.deltaVersion,
          },
          `run ${report.state}`,
        );
        return { state: report.state, rows: report.lakeRows };
      } catch (thrown) {
        const { runId, table } = job.data;
        if (isLost(signal)) {
          logger.warn({ runId, table }, String(signal?.reason));
          throw thrown;
        }
        const error = toOffloadError(thrown).with({ runId, table });
        logger.error(
          { runId, table, code: error.code, attempt: job.attemptsMade + 1, next: error.policy.next },
          error.message,
        );
        tracing.annotate({ code: error.code });
        monitor.failed(runId, undefined, error, isTriedAgain(error, job));
        throw await settleFailure(error, job, queues.commit);
      }
    },
    { ...connection, ...WORKER_OPTIONS, ...tracing.bullmq, concurrency: 1 },
  );
  worker.on('error', (error) => logger.error({ queue: COMMIT_QUEUE }, error.message));
  endLostAttempts(worker);
  return worker;
}
