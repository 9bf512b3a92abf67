import {
  COMMIT_QUEUE,
  commitJobSchema,
  commitRun,
  Parking,
  settleFailure,
  toOffloadError,
  type CommitJob,
  type Logger,
  type Queues,
} from '@lance-offload/core';
import { Worker } from 'bullmq';
import { WORKER_OPTIONS, type WorkerConnection } from './connection.ts';
import { createRepair } from './repair-run.ts';
import type { PageDeps } from './stage-page.ts';

/** Takes commits off the queue, one at a time: an audit uses DuckDB with a memory of its own. */
export function startCommitWorker(
  deps: PageDeps,
  connection: WorkerConnection,
  queues: Queues,
  logger: Logger,
): Worker<CommitJob> {
  const parking = new Parking({ redis: connection.connection, prefix: connection.prefix });
  const worker = new Worker<CommitJob>(
    COMMIT_QUEUE,
    async (job, token, signal) => {
      await parking.check(job, token);
      try {
        const repair = createRepair(deps, signal ?? new AbortController().signal);
        const report = await commitRun(
          commitJobSchema.parse(job.data),
          deps.staging,
          () => undefined,
          repair,
        );
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
        const error = toOffloadError(thrown).with({ runId, table });
        logger.error(
          { runId, table, code: error.code, attempt: job.attemptsMade + 1, next: error.policy.next },
          error.message,
        );
        throw await settleFailure(error, job, queues.commit);
      }
    },
    { ...connection, ...WORKER_OPTIONS, concurrency: 1 },
  );
  worker.on('error', (error) => logger.error({ queue: COMMIT_QUEUE }, error.message));
  return worker;
}
