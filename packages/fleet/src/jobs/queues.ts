import type { EventEmitter } from 'node:events';
import { FlowProducer, Queue, type ConnectionOptions } from 'bullmq';
import { NO_TRACING, type Tracing, type Attempts } from '@lance-offload/base';
import type { PlanJob } from '@lance-offload/core';
import type { CommitJob, PageJob, ScheduleJob } from './payloads.ts';

export const PLAN_QUEUE = 'offload-plan';
export const PAGE_QUEUE = 'offload-page';
export const COMMIT_QUEUE = 'offload-commit';
export const SCHEDULE_QUEUE = 'offload-schedule';

/** Job ids are a function of the run, so that adding a job again adds nothing. BullMQ refuses a single `:` in them. */
export const planJobId = (runId: string) => `${runId}.plan`;
export const commitJobId = (runId: string) => `${runId}.commit`;
export const pageJobId = (runId: string, index: number) => `${runId}.page-${String(index).padStart(6, '0')}`;

/** What a job's id says: its run, and of a page its index; `undefined` for an id that is none of these. */
export function placeOfJob(jobId: string): { readonly runId: string; readonly page?: number } | undefined {
  const [, runId, page] = /^(.+)\.(?:plan|commit|page-(\d+))$/.exec(jobId) ?? [];
  return runId === undefined ? undefined : { runId, ...(page !== undefined && { page: Number(page) }) };
}

/** The queues of the fleet: three that a run passes through, with what starts one on them, and that of the schedules. */
export class Queues {
  readonly plan: Queue<PlanJob>;
  readonly page: Queue<PageJob>;
  readonly commit: Queue<CommitJob>;
  readonly schedule: Queue<ScheduleJob>;
  /** Where the work on these queues leaves spans. */
  readonly tracing: Tracing;
  readonly #flows: FlowProducer;

  constructor(connection: ConnectionOptions, prefix: string, tracing: Tracing = NO_TRACING) {
    this.tracing = tracing;
    const options = { connection, prefix, ...tracing.bullmq };
    this.plan = new Queue(PLAN_QUEUE, options);
    this.page = new Queue(PAGE_QUEUE, options);
    this.commit = new Queue(COMMIT_QUEUE, options);
    // Not traced: all runs of a schedule would be one trace. Each begins one of its own.
    this.schedule = new Queue(SCHEDULE_QUEUE, { connection, prefix });
    this.#flows = new FlowProducer(options);
    // Connection trouble is reported by the ioredis client these share; without a listener it would end the process.
    for (const events of [this.plan, this.page, this.commit, this.schedule, this.#flows] as EventEmitter[])
      events.on('error', () => undefined);
  }

  /** A flow: the commit waits for its plan, and the plan then adds the pages as further children. */
  async addRun(plan: PlanJob, attempts: Attempts): Promise<void> {
    const { payloadVersion, runId, table, destination } = plan;
    const flow = {
      name: table,
      queueName: COMMIT_QUEUE,
      data: { payloadVersion, runId, table, destination } satisfies CommitJob,
      opts: { ...jobOptions(attempts), jobId: commitJobId(runId) },
      children: [
        {
          name: table,
          queueName: PLAN_QUEUE,
          data: plan,
          opts: { ...jobOptions(attempts), jobId: planJobId(runId) },
        },
      ],
    };
    await this.tracing.inSpan('start run', { runId, table }, () => this.#flows.add(flow));
  }

  /** Adds pages as children of their run's commit. Those that are there already stay as they are. */
  async addPages(pages: readonly PageJob[], attempts: Attempts): Promise<void> {
    const [first] = pages;
    if (!first) return;
    const parent = { id: commitJobId(first.runId), queue: this.commit.qualifiedName };
    const jobs = pages.map((data) => ({
      name: data.table,
      data,
      opts: { ...jobOptions(attempts), jobId: pageJobId(data.runId, data.page.index), parent },
    }));
    const added = await this.page.addBulk(jobs);
    // addBulk is a pipeline, not a transaction: a job that could not be added comes back with a negative id.
    // Such an id is a number, whatever its type says.
    const failed = added.filter(({ id }: { readonly id?: string | number | undefined }) =>
      String(id ?? '-').startsWith('-'),
    );
    if (failed.length > 0)
      throw new Error(`${failed.length} of ${pages.length} pages of ${first.runId} could not be enqueued`);
  }

  async close(): Promise<void> {
    const open = [this.plan, this.page, this.commit, this.schedule, this.#flows];
    await Promise.all(open.map((one) => one.close()));
  }
}

const KEEP_FINISHED_SECONDS = 24 * 3600;

/** No `removeOnFail`: deleting a failed page would release the commit that waits for it. */
function jobOptions({ maxRetries, initialDelayMs }: Attempts) {
  return {
    attempts: maxRetries + 1,
    backoff: { type: 'exponential', delay: initialDelayMs, jitter: 0.5 },
    removeOnComplete: { age: KEEP_FINISHED_SECONDS },
  };
}
