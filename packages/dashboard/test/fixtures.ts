import { once } from 'node:events';
import { createLogger } from '@lance-offload/base';
import { openLake, PAYLOAD_VERSION } from '@lance-offload/core';
import { Queues } from '@lance-offload/fleet';
import { UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import type { TestContext } from 'vitest';
import { createApp } from '../src/app.ts';
import type { DashboardDeps } from '../src/dashboard-deps.ts';
import { listen, type RunningServer } from '../src/listen.ts';
import { openBrowser, type Browser } from './browser.ts';
import { NO_USERS } from './users.ts';

export const RUN = 'documents-20261122T101500Z-7f3a';

/** A fleet's queues under a prefix of their own, with one run on them: a plan and two pages, which the commit waits for. */
export interface FleetLink {
  readonly redis: Redis;
  readonly prefix: string;
  readonly queues: Queues;
  /** Takes one page off the queue and fails it for good. Returns its id. */
  failPage(): Promise<string>;
}

async function addRun(queues: Queues): Promise<void> {
  const common = {
    payloadVersion: PAYLOAD_VERSION,
    runId: RUN,
    table: 'documents',
    destination: 'documents',
  } as const;
  const attempts = { maxRetries: 5, initialDelayMs: 1000 };
  const run = { ...common, source: 'http://127.0.0.1', startedAtMs: 0, options: {} };
  await queues.addRun({ ...run, full: false, sweepDeletes: false }, attempts);
  const pages = [0, 1].map((index) => ({
    ...common,
    page: { index, offset: index * 10, limit: 10, scan: 'rows' as const, repair: false },
  }));
  await queues.addPages(pages, attempts);
}

async function failOnePage({ queues, prefix }: Pick<FleetLink, 'queues' | 'prefix'>): Promise<string> {
  // A blocking connection of its own: the fixture's is shared.
  const connection = { url: inject('redisUrl'), maxRetriesPerRequest: null };
  const worker = new Worker(queues.page.name, null, { connection, prefix });
  const job = await worker.getNextJob('token');
  if (!job?.id) throw new Error('no page to fail');
  await job.moveToFailed(new UnrecoverableError('[SOURCE_REJECTED] the server refused'), 'token');
  await worker.close();
  return job.id;
}

/** What a dashboard with nothing special to it is made of. */
export function depsOf({ redis, queues, prefix }: FleetLink): DashboardDeps {
  const logger = createLogger('test', 'silent');
  const options = { readOnly: false, allowedHosts: [], trustProxy: false };
  const staging = openLake('/nowhere'); // no test here needs a lake
  const attempts = { maxRetries: 5, initialDelayMs: 1000 };
  return { redis, queues, prefix, staging, attempts, logger, settings: NO_USERS, ...options };
}

export type Serve = (options?: Partial<DashboardDeps>) => Promise<string>;

export interface DashboardFixtures {
  fleet: FleetLink;
  /** Serves a dashboard over the fleet, and returns its URL; it is closed after the test. */
  serve: Serve;
  /** A dashboard with nothing special to it. */
  url: string;
  /** A browser that has it open. */
  browser: Browser;
}

type Use<Fixture> = (fixture: Fixture) => Promise<void>;

/** For `test.extend<DashboardFixtures>`. */
export const dashboardFixtures = {
  fleet: async ({ task }: TestContext, use: Use<FleetLink>): Promise<void> => {
    const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
    await once(redis, 'ready');
    const prefix = `{dashboard-${task.id}}`;
    const queues = new Queues(redis, prefix);
    await addRun(queues);
    await use({ redis, prefix, queues, failPage: () => failOnePage({ queues, prefix }) });
    await queues.close();
    redis.disconnect();
  },
  serve: async ({ fleet }: { fleet: FleetLink }, use: Use<Serve>): Promise<void> => {
    const servers: RunningServer[] = [];
    const stopping = new AbortController();
    await use(async (options) => {
      const app = createApp({ ...depsOf(fleet), signal: stopping.signal, ...options });
      const server = await listen(app, '127.0.0.1', 0);
      servers.push(server);
      return server.url;
    });
    stopping.abort();
    await Promise.all(servers.map((server) => server.close()));
  },
  url: async ({ serve }: { serve: Serve }, use: Use<string>): Promise<void> => use(await serve()),
  browser: async ({ url }: { url: string }, use: Use<Browser>): Promise<void> => use(await openBrowser(url)),
};
