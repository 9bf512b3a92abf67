import { beat, count, errorField, latencyField, Queues, recordReport, type Beat } from '@lance-offload/fleet';
import { emptyReport, type RunPlan } from '@lance-offload/core';
import express from 'express';
import type { Redis } from 'ioredis';
import { test as base } from 'vitest';
import { listen, type RunningServer } from '../../src/listen.ts';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { fleetCommands } from '../../src/api/fleet-commands.ts';
import { FleetState } from '../../src/api/fleet-state.ts';
import { dashboardFixtures, depsOf, type DashboardFixtures, type FleetLink } from '../fixtures.ts';
import { parseScrape, type Scrape } from './scrape.ts';

interface MetricsFixtures extends DashboardFixtures {
  /** Serves the metrics of the fleet, over another connection where one is given, and returns their URL. */
  serveMetrics: (redis?: Redis) => Promise<string>;
}

export const test = base.extend<MetricsFixtures>({
  ...dashboardFixtures,
  serveMetrics: async ({ fleet }, use) => {
    const servers: RunningServer[] = [];
    await use(async (redis = fleet.redis) => {
      const deps = { ...depsOf(fleet), redis };
      const queues = redis === fleet.redis ? fleet.queues : new Queues(redis, fleet.prefix);
      const state = new FleetState({ ...deps, queues }, fleetCommands({ ...deps, queues }), deps.logger);
      const app = express().use(createMetrics({ ...deps, queues, state }));
      const server = await listen(app, '127.0.0.1', 0);
      servers.push(server);
      return `${server.url}/metrics`;
    });
    await Promise.all(servers.map((server) => server.close()));
  },
});

export async function scrape(url: string): Promise<Scrape & { readonly body: string }> {
  const response = await fetch(url);
  if (response.status !== 200) throw new Error(`${response.status}`);
  const body = await response.text();
  return { ...parseScrape(body), body };
}

export const standing: Beat = {
  id: 'host-a:17',
  host: 'host-a',
  pid: 17,
  version: '1',
  concurrency: 2,
  threads: 1,
  startedAtMs: 1,
  rssBytes: 500_000_000,
  heapBytes: 30_000_000,
  pages: 0,
  rows: 0,
  bytes: 0,
  failures: 0,
  state: 'working',
  work: [
    { runId: 'r', table: 'documents', page: 3, sinceMs: 1 },
    { runId: 'r', table: 'documents', page: 4, sinceMs: 1 },
    { runId: 'r', table: 'documents', sinceMs: 1 },
  ],
};

/** As far as a report needs a plan. */
function planOf(destination: string): RunPlan {
  const plan = {
    runId: `${destination}-20261122T101500Z-7f3a`,
    table: destination,
    destination,
    ingestionType: 'APPEND_ONLY',
    startedAtMs: 1,
    sourceVersion: 7,
    sourceRows: 25,
    notes: [],
  };
  return plan as unknown as RunPlan;
}

/** A commit of a lake table was told of. */
export async function commitTable(destination: string, fleet: FleetLink): Promise<void> {
  const report = { ...emptyReport(planOf(destination), 'published'), deltaVersion: 3, lakeRows: 25 };
  await recordReport({ ...report, finishedAtMs: 1_800_000_000_500 }, fleet);
}

/** Something of everything a fleet tells. */
export async function tellOfWork(fleet: FleetLink): Promise<void> {
  await count(
    {
      pages: 3,
      rows: 2500,
      bytes: 4_000_000,
      requests: 4,
      pauses: 1,
      retries: 2,
      [errorField('SOURCE_UNAVAILABLE')]: 2,
      [latencyField(12)]: 2,
      [latencyField(90)]: 1,
      [latencyField(100_000)]: 1,
      latencySumMs: 100_114,
      busyMs: 4500,
      commits: 2,
      commitMs: 1500,
    },
    fleet,
  );
  await beat(standing, {}, fleet);
  await beat({ ...standing, id: 'host-b:18', work: [] }, {}, fleet);
  await beat({ ...standing, id: 'host-c:19', state: 'stopping', work: [] }, {}, fleet);
  await beat({ ...standing, id: 'host-d:20', state: 'stopped', work: [] }, {}, fleet);
  await commitTable('documents', fleet);
}
