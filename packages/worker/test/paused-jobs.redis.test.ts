import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, NO_TRACING } from '@lance-offload/base';
import { emptyReport, openLake, PAYLOAD_VERSION } from '@lance-offload/core';
import {
  pageJobId,
  pause,
  commitJobId,
  planJobId,
  Queues,
  resume,
  type FleetLink,
} from '@lance-offload/fleet';
import { RequestSizes, type LanceClient } from '@lance-offload/lancedb';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { expect, inject, test as base, vi } from 'vitest';
import { planOf } from '../../core/test/lake-fixture.ts';
import { startCommitWorker } from '../src/commit-worker.ts';
import { startPageWorker } from '../src/page-worker.ts';
import { WorkerMonitor } from '../src/worker-monitor.ts';

const RUN = {
  payloadVersion: PAYLOAD_VERSION,
  runId: 'documents-20261122T101500Z-7f3a',
  table: 'documents',
} as const;

interface Rig {
  readonly fleet: FleetLink;
  /** Starts the workers that `lance-worker` has. */
  readonly start: () => void;
}

const test = base.extend<{ rig: Rig }>({
  rig: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'worker-'));
    const prefix = `{worker-${task.id}}`;
    const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
    const queues = new Queues(redis, prefix);
    const staging = openLake(path.join(folder, 'lake'));
    const attempts = { maxRetries: 0, initialDelayMs: 1 };
    const workers: Worker[] = [];
    const start = () => {
      const deps = {
        source: { url: 'http://127.0.0.1:1' } as LanceClient,
        staging,
        transform: () => Promise.reject(new Error('no page is to be transformed')),
        sizes: new RequestSizes(),
        tracing: NO_TRACING,
        worker: 'test',
      };
      const connection = { connection: redis, prefix };
      const logger = createLogger('test', 'fatal');
      const monitor = new WorkerMonitor({ redis, prefix }, { concurrency: 2, threads: 1 }, logger);
      workers.push(startPageWorker(deps, connection, queues, 2, monitor, logger));
      workers.push(startCommitWorker(deps, connection, queues, monitor, logger));
    };
    await use({ fleet: { redis, queues, staging, prefix, attempts }, start });
    await Promise.all(workers.map((worker) => worker.close()));
    await queues.close();
    redis.disconnect();
    await rm(folder, { recursive: true, force: true });
  },
});

/** A run with one page, planned as a producer does it. There is no plan.json: a page or commit that is begun fails. */
async function addRun({ fleet: { queues, attempts, redis, prefix } }: Rig, pages: number): Promise<void> {
  const run = { ...RUN, destination: 'documents' };
  const plan = {
    source: 'http://127.0.0.1:1',
    startedAtMs: 1,
    options: {},
    full: false,
    sweepDeletes: false,
  };
  await queues.addRun({ ...run, ...plan }, attempts);
  const page = { index: 0, offset: 0, limit: 1, scan: 'rows', repair: false } as const;
  if (pages > 0) await queues.addPages([{ ...run, page }], attempts);
  const planner = new Worker('offload-plan', async () => undefined, { connection: redis, prefix });
  await new Promise((resolve) => planner.once('completed', resolve));
  await planner.close();
  expect(await (await queues.plan.getJob(planJobId(RUN.runId)))?.getState()).toBe('completed');
}

test('a worker parks a page of a paused table untried, and begins it when the table is resumed', async ({
  rig,
}) => {
  const { queues } = rig.fleet;
  await addRun(rig, 1);
  await pause(rig.fleet, { table: 'documents' }, 'test');
  rig.start();
  await expect.poll(() => queues.page.getDelayedCount()).toBe(1);
  const parked = await queues.page.getJob(pageJobId(RUN.runId, 0));
  expect([parked?.attemptsMade, parked?.attemptsStarted, parked?.progress]).toEqual([0, 0, 0]);
  await resume(rig.fleet, { table: 'documents' });
  await expect.poll(() => queues.page.getFailedCount()).toBe(1);
});

test('a worker parks the commit of a paused run untried, and begins it when the run is resumed', async ({
  rig,
}) => {
  const { queues } = rig.fleet;
  await addRun(rig, 0);
  await pause(rig.fleet, { runId: RUN.runId }, 'test');
  rig.start();
  await expect.poll(() => queues.commit.getDelayedCount()).toBe(1);
  const parked = await queues.commit.getJob(commitJobId(RUN.runId));
  expect([parked?.attemptsMade, parked?.attemptsStarted, parked?.progress]).toEqual([0, 0, 0]);
  await resume(rig.fleet, { runId: RUN.runId });
  await expect.poll(() => queues.commit.getFailedCount()).toBe(1);
});

test('the pause of a run that was paused while it was committed ends with the run', async ({ rig }) => {
  const { queues, redis, prefix, staging } = rig.fleet;
  await addRun(rig, 0);
  await staging.createReport(emptyReport(planOf({ runId: RUN.runId, sourceRows: 0 }), 'unchanged'));
  // Paused when the commit has begun; what is sent over one connection comes in its order.
  vi.spyOn(WorkerMonitor.prototype, 'committing').mockImplementationOnce(() => {
    void redis.hset(`${prefix}:pauses`, `run:${RUN.runId}`, '{}');
  });
  rig.start();
  await expect.poll(() => queues.commit.getCompletedCount()).toBe(1);
  expect(await redis.keys(`${prefix}:pauses`)).toEqual([]);
  vi.restoreAllMocks();
});
