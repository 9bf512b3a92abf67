import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Worker, type Job, type Processor } from 'bullmq';
import { test as base, inject } from 'vitest';
import { PAYLOAD_VERSION, openLake, planPages, type RunPlan } from '@lance-offload/core';
import type { FleetLink } from '../../src/jobs/fleet-link.ts';
import type { PageJob } from '../../src/jobs/payloads.ts';
import { Queues } from '../../src/jobs/queues.ts';
import { connectRedis } from '../../src/jobs/redis.ts';
import type { RunRequest } from '../../src/jobs/run-control.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';

export interface Rig {
  readonly fleet: FleetLink;
  /** A second producer, on connections of its own. */
  readonly secondFleet: () => Promise<FleetLink>;
  /** Starts a worker on one of the fleet's queues; closed after the test. */
  readonly work: (queue: string, processor: Processor) => Worker;
}

/**
 * A test with a fleet: a prefix and a lake of its own, in a Redis database of the file's own, which its tests may empty.
 * Files run beside one another, the tests of a file one after another.
 */
export const fleetTest = (database: number) =>
  base.extend<{ rig: Rig }>({
    rig: async ({ task }, use) => {
      const folder = await mkdtemp(path.join(tmpdir(), 'core-fleet-'));
      const prefix = `{core-${task.id}}`;
      const url = `${inject('redisUrl')}/${database}`;
      const closing: (() => Promise<unknown>)[] = [];
      const connect = async (): Promise<FleetLink> => {
        const redis = await connectRedis(url, () => undefined);
        const queues = new Queues(redis, prefix);
        closing.push(async () => {
          await queues.close();
          redis.disconnect();
        });
        const staging = openLake(path.join(folder, 'lake'));
        return { redis, queues, staging, prefix, attempts: { maxRetries: 0, initialDelayMs: 1 } };
      };
      const fleet = await connect();
      await fleet.redis.flushdb();
      const connection = { url, maxRetriesPerRequest: null };
      await use({
        fleet,
        secondFleet: connect,
        work: (queue, processor) => {
          const worker = new Worker(queue, processor, { connection, prefix, drainDelay: 1 });
          closing.unshift(() => worker.close());
          return worker;
        },
      });
      for (const close of closing) await close();
      await rm(folder, { recursive: true, force: true });
    },
  });

export const REQUEST: RunRequest = {
  table: 'documents',
  destination: 'documents',
  source: 'http://127.0.0.1:1',
  options: {},
};

export function pagesOf(plan: RunPlan): PageJob[] {
  const { runId, table, destination } = plan;
  return [...planPages(plan)].map((page) => ({
    payloadVersion: PAYLOAD_VERSION,
    runId,
    table,
    destination,
    page,
  }));
}

/** What the planner's process does with a plan job: plan.json, then the pages. */
export function planner(fleet: FleetLink): (job: Job) => Promise<void> {
  return async (job) => {
    const { runId } = job.data as { runId: string };
    const plan = (await fleet.staging.findPlan({ destination: 'documents', runId })) ?? planOf({ runId });
    await fleet.staging.createPlan(plan);
    await fleet.queues.addPages(pagesOf(plan), fleet.attempts);
  };
}

/** Settles when a worker has seen `count` of an event. */
export function occurrences(worker: Worker, event: 'completed' | 'failed', count = 1): Promise<void> {
  return new Promise((resolve) => {
    let seen = 0;
    worker.on(event as 'completed', () => {
      seen += 1;
      if (seen === count) resolve();
    });
  });
}
