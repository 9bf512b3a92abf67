import type { Redis } from 'ioredis';
import { z } from 'zod';
import { pageCount, planPages, type RunReport, type RunPlan } from '@lance-offload/core';
import type { StateWord } from '../jobs/state-words.ts';
import { BUMP } from './buckets.ts';
import { KEEP_RUNS_S, monitorKeys, type Monitored } from './monitor-keys.ts';
import { SERIES_BUCKET_S } from './run-series.ts';

const count = z.coerce.number().default(0);
const known = z.coerce.number().optional();

/** How far a run has come as processes have told; what failed, or was lost by the queue, the queue knows. */
const TOLD_STATES = [
  'planning',
  'staging',
  'committing',
  'published',
  'unchanged',
  'cancelled',
] as const satisfies readonly StateWord[];

const recordSchema = z.object({
  runId: z.string(),
  table: z.string(),
  destination: z.string(),
  state: z.enum(TOLD_STATES),
  startedAtMs: z.coerce.number(),
  ingestionType: z.string().optional(),
  sourceVersion: known,
  sourceRows: known,
  pages: known,
  estimatedBytes: known,
  stagedPages: count,
  /** Pages behind the planned ones, of rows that these lacked; known once the run has its report. */
  repairs: known,
  /** Rows and bytes (of Arrow answers) of the staged pages. */
  rows: count,
  bytes: count,
  retries: count,
  lastPageAtMs: known,
  /** The last step of the commit that was done. */
  step: z.string().optional(),
  finishedAtMs: known,
  deltaVersion: known,
  lakeRows: known,
  verified: z.stringbool().optional(),
});

/** What the fleet has told of a run. The lake has the plan, the receipts and the report. */
export type RunRecord = z.output<typeof recordSchema>;

type MonitorLink = Monitored & { readonly redis: Redis };

/** How a page stands in a run's byte string; a page nothing was told of is `\0`. */
export const PAGE_STATES = { staged: 's', retrying: 'r' } as const;

const KEEP_MS = KEEP_RUNS_S * 1000;

/** A run is opened. Told again, the time it was started stays. */
export async function recordOpened(
  run: {
    readonly runId: string;
    readonly table: string;
    readonly destination: string;
    readonly startedAtMs: number;
  },
  fleet: MonitorLink,
): Promise<void> {
  const { runId, table, destination, startedAtMs } = run;
  const key = monitorKeys.run(runId, fleet);
  await fleet.redis
    .multi()
    .hset(key, { runId, table, destination, startedAtMs, state: 'planning' })
    .expire(key, KEEP_RUNS_S)
    .zadd(monitorKeys.runs(fleet), startedAtMs, runId)
    .zremrangebyscore(monitorKeys.runs(fleet), 0, Date.now() - KEEP_MS)
    .exec();
}

/** The byte string of a run whose pages are staged in part, and the rows of these. */
function stagedBefore(plan: RunPlan, staged: ReadonlySet<number>): { states: Buffer; rows: number } {
  const states = Buffer.alloc(pageCount(plan));
  let rows = 0;
  for (const { index, scan, limit } of planPages(plan)) {
    if (!staged.has(index)) continue;
    states.write(PAGE_STATES.staged, index);
    if (scan === 'rows') rows += limit;
  }
  return { states, rows };
}

/**
 * A run is planned: its pages are known, and those that are staged already, as after a queue was lost. Told again, what
 * was counted since stays.
 *
 * @param staged indexes of the pages that have a receipt.
 */
export async function recordPlanned(
  plan: RunPlan,
  staged: ReadonlySet<number>,
  fleet: MonitorLink,
): Promise<void> {
  const { runId, table, destination, startedAtMs } = plan;
  await recordOpened({ runId, table, destination, startedAtMs }, fleet);
  const key = monitorKeys.run(runId, fleet);
  const map = monitorKeys.pages(runId, fleet);
  await fleet.redis.hset(key, {
    state: 'staging',
    ingestionType: plan.ingestionType,
    sourceVersion: plan.sourceVersion,
    sourceRows: plan.sourceRows,
    pages: pageCount(plan),
    estimatedBytes: plan.estimatedBytes,
  });
  if (staged.size === 0) return;
  const { states, rows } = stagedBefore(plan, staged);
  if ((await fleet.redis.set(map, states, 'EX', KEEP_RUNS_S, 'NX')) === null) return;
  await fleet.redis.hset(key, { stagedPages: staged.size, rows });
}

const FRESHEN = `redis.call('EXPIRE', run, ${KEEP_RUNS_S}) redis.call('EXPIRE', pages, ${KEEP_RUNS_S})`;

/** Counts a page once, however often it is told. ARGV: its index, rows, bytes. */
const STAGED = `${BUMP}
local run, pages, series = KEYS[3], KEYS[4], KEYS[5]
local index, rows, bytes = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('GETRANGE', pages, index, index) == '${PAGE_STATES.staged}' then return 0 end
redis.call('SETRANGE', pages, index, '${PAGE_STATES.staged}')
redis.call('HINCRBY', run, 'stagedPages', 1)
redis.call('HINCRBY', run, 'rows', rows)
redis.call('HINCRBY', run, 'bytes', bytes)
redis.call('HSET', run, 'lastPageAtMs', now_ms)
local at = math.floor(now_ms / 1000 / ${SERIES_BUCKET_S}) * ${SERIES_BUCKET_S}
redis.call('HINCRBY', series, at .. ':rows', rows)
redis.call('HINCRBY', series, at .. ':bytes', bytes)
redis.call('EXPIRE', series, ${KEEP_RUNS_S})
${FRESHEN}
bump('pages', 1) bump('rows', rows) bump('bytes', bytes)
return 1`;

/** Notes that a page is to be tried again. ARGV: its index. */
const RETRYING = `${BUMP}
local run, pages = KEYS[3], KEYS[4]
local index = tonumber(ARGV[1])
if redis.call('GETRANGE', pages, index, index) == '${PAGE_STATES.staged}' then return 0 end
redis.call('SETRANGE', pages, index, '${PAGE_STATES.retrying}')
redis.call('HINCRBY', run, 'retries', 1)
${FRESHEN}
return 1`;

interface PageOfRun {
  readonly runId: string;
  readonly index: number;
}

function keysOf(runId: string, fleet: MonitorLink): string[] {
  return [
    monitorKeys.bucket(fleet),
    monitorKeys.totals(fleet),
    monitorKeys.run(runId, fleet),
    monitorKeys.pages(runId, fleet),
    monitorKeys.series(runId, fleet),
  ];
}

/** A page has its receipt. Told again, by an attempt that found the receipt, it changes nothing. */
export async function recordStaged(
  { runId, index, rows, bytes }: PageOfRun & { readonly rows: number; readonly bytes: number },
  fleet: MonitorLink,
): Promise<void> {
  await fleet.redis.eval(STAGED, 5, ...keysOf(runId, fleet), index, rows, bytes);
}

/** An attempt at a page failed, and another one follows. */
export async function recordRetry({ runId, index }: PageOfRun, fleet: MonitorLink): Promise<void> {
  await fleet.redis.eval(RETRYING, 5, ...keysOf(runId, fleet), index);
}

/** A commit began, or has done a step. */
export async function recordStep(runId: string, step: string, fleet: MonitorLink): Promise<void> {
  const key = monitorKeys.run(runId, fleet);
  await fleet.redis.multi().hset(key, { state: 'committing', step }).expire(key, KEEP_RUNS_S).exec();
}

/** A run has its report. */
export async function recordReport(report: RunReport, fleet: MonitorLink): Promise<void> {
  const { runId, table, destination, startedAtMs, state, finishedAtMs, deltaVersion } = report;
  await recordOpened({ runId, table, destination, startedAtMs }, fleet);
  const published = state === 'published';
  const multi = fleet.redis.multi().hset(monitorKeys.run(runId, fleet), {
    state,
    finishedAtMs,
    ingestionType: report.ingestionType,
    sourceVersion: report.sourceVersion,
    sourceRows: report.sourceRows,
    lakeRows: report.lakeRows,
    verified: String(report.verified),
    ...(deltaVersion !== null && { deltaVersion }),
    // What was audited, in place of what was counted.
    ...(published && {
      rows: report.distinctRowIds,
      bytes: report.sourceBytes,
      stagedPages: report.pages,
      repairs: report.repairs,
    }),
  });
  if (published) {
    const held: LakeTable = {
      deltaVersion: deltaVersion ?? 0,
      sourceVersion: report.sourceVersion,
      rows: report.lakeRows,
      committedAtMs: finishedAtMs,
      runId,
    };
    multi.hset(monitorKeys.tables(fleet), destination, JSON.stringify(held));
  }
  await multi.exec();
}

/** A run was given up before it was planned. */
export async function recordCancelled(runId: string, fleet: MonitorLink): Promise<void> {
  const key = monitorKeys.run(runId, fleet);
  await fleet.redis
    .multi()
    .hset(key, { state: 'cancelled', finishedAtMs: Date.now() })
    .expire(key, KEEP_RUNS_S)
    .exec();
}

const lakeTableSchema = z.object({
  deltaVersion: z.int(),
  sourceVersion: z.int(),
  /** Of the last run under APPEND_ONLY, the current ones of the table under SCD. */
  rows: z.int(),
  committedAtMs: z.int(),
  runId: z.string(),
});
/** What a lake table holds since the last commit the fleet has told of. */
export type LakeTable = z.output<typeof lakeTableSchema>;

/** By name of the lake table. */
export async function readLakeTables(fleet: MonitorLink): Promise<Map<string, LakeTable>> {
  const hash = await fleet.redis.hgetall(monitorKeys.tables(fleet));
  return new Map(Object.entries(hash).map(([name, text]) => [name, lakeTableSchema.parse(JSON.parse(text))]));
}

function parseRecord(hash: Readonly<Record<string, string>>): RunRecord | undefined {
  const parsed = recordSchema.safeParse(hash);
  return parsed.success ? parsed.data : undefined;
}

/** What was told of a run, or `undefined` where nothing was, or it was long ago. */
export async function readRecord(runId: string, fleet: MonitorLink): Promise<RunRecord | undefined> {
  return parseRecord(await fleet.redis.hgetall(monitorKeys.run(runId, fleet)));
}

/** Ids of the runs that were started since a time, in milliseconds; the newest first. */
export async function readRunIds(sinceMs: number, fleet: MonitorLink): Promise<string[]> {
  const ids = await fleet.redis.zrange(monitorKeys.runs(fleet), sinceMs, '+inf', 'BYSCORE');
  return ids.toReversed();
}

/** What was told of runs, in their order; those nothing is known of any more are left out. */
export async function readRecordsOf(runIds: readonly string[], fleet: MonitorLink): Promise<RunRecord[]> {
  const pipeline = fleet.redis.pipeline();
  for (const id of runIds) pipeline.hgetall(monitorKeys.run(id, fleet));
  const answers = (await pipeline.exec()) ?? [];
  return answers.flatMap(([error, hash]) => {
    if (error) throw error;
    return parseRecord(hash as Record<string, string>) ?? [];
  });
}

/** Runs that were started since a time, in milliseconds; the newest first. */
export async function readRecords(sinceMs: number, fleet: MonitorLink): Promise<RunRecord[]> {
  return readRecordsOf(await readRunIds(sinceMs, fleet), fleet);
}

/** A byte a page, as `PAGE_STATES` has them; shorter than the run where nothing was told of the last pages. */
export async function readPageStates(runId: string, fleet: MonitorLink): Promise<Buffer> {
  return (await fleet.redis.getBuffer(monitorKeys.pages(runId, fleet))) ?? Buffer.alloc(0);
}
