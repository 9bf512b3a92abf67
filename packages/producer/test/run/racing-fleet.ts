import { EventEmitter, once } from 'node:events';
import { Worker, type Processor } from 'bullmq';
import type { Redis } from 'ioredis';
import { OffloadError } from '@lance-offload/base';
import {
  COMMIT_QUEUE,
  PAGE_QUEUE,
  PLAN_QUEUE,
  Queues,
  connectRedis,
  startRun,
  type FleetLink,
  type CommitJob,
  type PageJob,
  type RunRequest,
} from '@lance-offload/fleet';
import { commitRun, type PlanJob, type RunReport, type Staging, type RunPlan } from '@lance-offload/core';
import type { LanceClient } from '@lance-offload/lancedb';
import { planRun } from '../../src/run/plan-run.ts';

/** What a fleet that competes with others for a table was told, try after try, until its own run had ended. */
export interface Contest {
  readonly report: RunReport;
  /** The runs that were in its way. */
  readonly refusedFor: readonly string[];
}

/** A fleet with a Redis, queues and workers of its own, on a lake that it shares with others. */
export class RacingFleet {
  readonly fleet: FleetLink;
  readonly #redis: Redis;
  readonly #workers: readonly Worker[];
  readonly #events = new EventEmitter();

  private constructor(fleet: FleetLink, redis: Redis, workers: readonly Worker[]) {
    this.fleet = fleet;
    this.#redis = redis;
    this.#workers = workers;
    for (const worker of workers) {
      worker.on('completed', () => this.#events.emit('moved'));
      worker.on('failed', (_, error) => this.#events.emit('error', error));
    }
  }

  /** @param stagePage stages one page as a worker does. */
  static async open(
    url: string,
    staging: Staging,
    source: LanceClient,
    stagePage: (plan: RunPlan, index: number) => Promise<unknown>,
  ): Promise<RacingFleet> {
    const redis = await connectRedis(url, () => undefined);
    await redis.flushdb();
    const prefix = '{race}'; // the same one in each Redis
    const queues = new Queues(redis, prefix);
    const fleet: FleetLink = {
      redis,
      queues,
      staging,
      prefix,
      attempts: { maxRetries: 0, initialDelayMs: 1 },
    };
    const work = (queue: string, processor: Processor) =>
      new Worker(queue, processor, {
        connection: { url, maxRetriesPerRequest: null },
        prefix,
        drainDelay: 1,
      });
    return new RacingFleet(fleet, redis, [
      work(PLAN_QUEUE, async ({ data }) => {
        await planRun(data as PlanJob, { source, staging, pageBytes: 65_536, createdBy: 'core-test', fleet });
      }),
      work(PAGE_QUEUE, async ({ data }) => {
        const { page, ...key } = data as PageJob;
        if (!(await staging.hasEnded(key))) await stagePage(await staging.readPlan(key), page.index);
      }),
      work(COMMIT_QUEUE, async ({ data }) => {
        await commitRun(data as CommitJob, staging);
      }),
    ]);
  }

  /** Starts a run and sees it through; refused because of another one, it asks again at once. */
  async contend(request: RunRequest): Promise<Contest> {
    const refusedFor: string[] = [];
    for (;;) {
      try {
        const run = await startRun(request, this.fleet);
        for (;;) {
          const moved = once(this.#events, 'moved');
          const report = await this.fleet.staging.findReport(run);
          if (report) {
            moved.catch(() => undefined);
            return { report, refusedFor };
          }
          await moved;
        }
      } catch (error) {
        if (!(error instanceof OffloadError) || error.code !== 'RUN_OPEN') throw error;
        refusedFor.push(String(error.details.runId));
      }
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close()));
    await this.fleet.queues.close();
    this.#redis.disconnect();
  }
}
