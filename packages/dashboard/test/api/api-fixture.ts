import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger, ERROR_POLICY, type OffloadErrorCode } from '@lance-offload/base';
import {
  emptyReport,
  openLake,
  newRunId,
  PAYLOAD_VERSION,
  planPages,
  type Receipt,
  type RunPlan,
} from '@lance-offload/core';
import { Queues, recordOpened, recordPlanned, type FleetLink } from '@lance-offload/fleet';
import { UnrecoverableError, Worker } from 'bullmq';
import express from 'express';
import { Redis } from 'ioredis';
import { test as base, inject } from 'vitest';
import type {
  Interventions,
  ChangeAnswer,
  ErrorAnswer,
  FailedJobs,
  Failures,
  Overview,
  RetryAnswer,
} from '../../src/api/answers.ts';
import type { PageCells, PageDetail, RunDetail } from '../../src/api/run-answers.ts';
import { createContext, type ApiDeps } from '../../src/api/api-context.ts';
import { createApi } from '../../src/api/create-api.ts';
import { listen } from '../../src/listen.ts';
import { EventReader } from './event-reader.ts';

/** A run of a table: 45 rows in 5 pages unless it says otherwise. */
export function planOf(table: string, changes: Partial<RunPlan> = {}): RunPlan {
  const startedAtMs = changes.startedAtMs ?? Date.now();
  return {
    formatVersion: 2,
    createdBy: 'dashboard-test/1.0.0',
    runId: newRunId(table, new Date(startedAtMs)),
    table,
    destination: table,
    source: 'http://127.0.0.1:1',
    startedAtMs,
    ingestionType: 'APPEND_ONLY',
    primaryKeys: [],
    sequenceBy: null,
    sequenceRequired: false,
    deletes: 'none',
    sweepRows: 0,
    paging: 'offset',
    incarnation: 0,
    madeAnew: false,
    versionOffset: 0,
    unchanged: false,
    sourceVersion: 3,
    sourceRows: 45,
    offset: 0,
    columns: [{ name: 'id', type: { type: 'int64' }, nullable: true }],
    selectsColumns: false,
    droppedColumns: [],
    writeTypes: [],
    withRowId: false,
    rowsPerPage: 10,
    pageBytes: 65_536,
    estimatedBytes: 4500,
    notes: [],
    ...changes,
  };
}

export function receiptOf(plan: RunPlan, index: number): Receipt {
  const page = [...planPages(plan)][index];
  if (!page) throw new Error(`no page ${index}`);
  return {
    formatVersion: 2,
    runId: plan.runId,
    page,
    sourceVersion: plan.sourceVersion,
    rows: page.limit,
    sourceBytes: 1000,
    requests: 2,
    rowIds: { min: '0', max: '9', distinct: page.limit },
    files: [],
    stagedAtMs: 1_795_000_000_000,
    worker: 'host-a:17',
    timings: { fetchMs: 5, transformMs: 3, writeMs: 1 },
  };
}

export const publishedReport = (plan: RunPlan) => ({
  ...emptyReport(plan, 'published'),
  deltaVersion: 7,
  lakeRows: plan.sourceRows,
  verified: true,
  distinctRowIds: plan.sourceRows,
  pages: 5,
  sourceBytes: 5000,
});

type AnswerOf<Route> = Route extends '/overview'
  ? Overview
  : Route extends `/runs/${string}/pages/${string}`
    ? PageDetail
    : Route extends `/runs/${string}/pages${string}`
      ? PageCells
      : Route extends `/runs/${string}`
        ? RunDetail
        : Route extends `/failures/jobs${string}`
          ? FailedJobs
          : Route extends `/failures${string}`
            ? Failures
            : Interventions;
type ChangeOf<Route> = Route extends '/failures/retry' ? RetryAnswer : ChangeAnswer;

interface Answered<Body> {
  readonly status: number;
  readonly body: Body;
  /** Of the body. */
  readonly bytes: number;
}

export interface Rig {
  readonly fleet: FleetLink;
  /** Where the API is served, from the first time that is asked. */
  url(): Promise<string>;
  /** A run that is planned in lake, queue and records. */
  start(plan: RunPlan): Promise<void>;
  /** Fails the jobs of a queue that are waiting, for good. */
  readonly fail: (step: 'plan' | 'page' | 'commit', code: OffloadErrorCode, count: number) => Promise<void>;
  get<Route extends string>(route: Route): Promise<Answered<AnswerOf<Route>>>;
  post<Route extends string>(route: Route, body?: unknown): Promise<Answered<ChangeOf<Route>>>;
  /** Asks for what is not to be had. */
  refused(method: 'GET' | 'POST', route: string, body?: unknown): Promise<Answered<ErrorAnswer>>;
  follow(query: string): Promise<EventReader>;
  /** Serves the API once more, another way. */
  serve(deps?: Partial<ApiDeps>): Promise<string>;
  /** Ends what `serve` began, as a shutdown does. */
  stop(): void;
}

type Ask = (method: 'GET' | 'POST', route: string, body?: unknown) => Promise<Answered<never>>;

const askOf =
  (url: () => Promise<string>): Ask =>
  async (method, route, body) => {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${await url()}/api${route}`, {
      method,
      headers,
      ...(method === 'POST' && { body: JSON.stringify(body ?? {}) }),
    });
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text) as never, bytes: text.length };
  };

async function startRun(plan: RunPlan, fleet: FleetLink): Promise<void> {
  const { runId, table, destination, source, startedAtMs } = plan;
  const common = { payloadVersion: PAYLOAD_VERSION, runId, table, destination } as const;
  await recordOpened(plan, fleet);
  const job = { ...common, source, startedAtMs, options: {}, full: false, sweepDeletes: false };
  await fleet.queues.addRun(job, fleet.attempts);
  await fleet.staging.createPlan(plan);
  await recordPlanned(plan, new Set(), fleet);
  await fleet.queues.addPages(
    [...planPages(plan)].map((page) => ({ ...common, page })),
    fleet.attempts,
  );
}

const AT_ONCE = 100;
export const SECRET = 'a row that must not be told';

async function failJobs(
  step: 'plan' | 'page' | 'commit',
  code: OffloadErrorCode,
  count: number,
  { queues, prefix }: FleetLink,
): Promise<void> {
  const connection = { url: inject('redisUrl'), maxRetriesPerRequest: null };
  const worker = new Worker(queues[step].name, null, { connection, prefix });
  const { hint } = ERROR_POLICY[code];
  const failOne = async (): Promise<void> => {
    const job = await worker.getNextJob('token', { block: false });
    if (!job) throw new Error(`no ${step} to fail`);
    const { table } = job.data as { table: string };
    const message = `[${code}] POST /v1/table/${table}/query: refused`;
    const details = { problems: [SECRET], table };
    await job.updateProgress({ failure: { code, message, hint, details, atMs: Date.now() } });
    await job.moveToFailed(new UnrecoverableError(message), 'token', false);
  };
  for (let left = count; left > 0; left -= AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, failOne));
  await worker.close();
}

/** A fleet with a lake, and the API over it. */
export const apiTest = base.extend<{ rig: Rig }>({
  rig: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'dashboard-api-'));
    const redis = new Redis(inject('redisUrl'), { maxRetriesPerRequest: null });
    await once(redis, 'ready');
    const prefix = `{api-${task.id}}`;
    const queues = new Queues(redis, prefix);
    const staging = openLake(path.join(folder, 'lake'));
    const fleet: FleetLink = {
      redis,
      queues,
      staging,
      prefix,
      attempts: { maxRetries: 0, initialDelayMs: 1 },
    };
    const stopping = new AbortController();
    const closing: (() => Promise<void>)[] = [];
    const readers: EventReader[] = [];
    const serve: Rig['serve'] = async (deps = {}) => {
      const app = express();
      const logger = createLogger('test', 'silent');
      const context = createContext({ fleet, logger, signal: stopping.signal, freshMs: 0, ...deps });
      app.use('/api', createApi(context));
      const server = await listen(app, '127.0.0.1', 0);
      closing.push(() => server.close());
      return server.url;
    };
    let served: Promise<string> | undefined;
    const url = (): Promise<string> => (served ??= serve());
    const send = askOf(url);
    await use({
      fleet,
      url,
      serve,
      start: (plan) => startRun(plan, fleet),
      fail: (step, code, count) => failJobs(step, code, count, fleet),
      get: (route) => send('GET', route),
      post: (route, body) => send('POST', route, body),
      refused: send,
      follow: async (query) => {
        const reader = await EventReader.open(`${await url()}/api/events?${query}`);
        readers.push(reader);
        return reader;
      },
      stop: () => stopping.abort(),
    });
    stopping.abort();
    for (const reader of readers) reader.close();
    for (const close of closing) await close();
    await queues.close();
    redis.disconnect();
    await rm(folder, { recursive: true, force: true });
  },
});
