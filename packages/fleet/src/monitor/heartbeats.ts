import type { Redis } from 'ioredis';
import { z } from 'zod';
import { BUMP } from './buckets.ts';
import { monitorKeys, type Monitored } from './monitor-keys.ts';

/** How often a worker says that it lives. */
export const BEAT_MS = 2000;
/** A worker that has been silent for this long is lost: killed, frozen, or cut off from Redis. */
export const LOST_AFTER_MS = 8000;
/** A lost worker is shown for an hour, one that was stopped for five minutes. */
const KEEP_LOST_S = 3600;
const KEEP_STOPPED_S = 300;

const workSchema = z.object({
  runId: z.string(),
  table: z.string(),
  /** Index of the page; absent for a commit. */
  page: z.int().optional(),
  sinceMs: z.int(),
});

const beatSchema = z.object({
  /** `host:pid`. */
  id: z.string(),
  host: z.string(),
  pid: z.int(),
  version: z.string(),
  concurrency: z.int(),
  threads: z.int(),
  startedAtMs: z.int(),
  rssBytes: z.int(),
  heapBytes: z.int(),
  /** Pages, rows, bytes and failed attempts since it started. */
  pages: z.int(),
  rows: z.int(),
  bytes: z.int(),
  failures: z.int(),
  state: z.enum(['working', 'stopping', 'stopped']),
  /** What is under way. */
  work: z.array(workSchema),
});
/** What a worker says of itself. */
export type Beat = z.output<typeof beatSchema>;
export type Work = Beat['work'][number];

export interface WorkerStanding extends Beat {
  /** By Redis's clock. */
  readonly lastBeatMs: number;
  readonly lost: boolean;
}

const BEAT = `${BUMP}
redis.call('SET', KEYS[4], ARGV[2], 'EX', tonumber(ARGV[3]))
redis.call('ZADD', KEYS[3], now_ms, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], 0, now_ms - ${KEEP_LOST_S * 1000})
for i = 4, #ARGV, 2 do bump(ARGV[i], tonumber(ARGV[i + 1])) end`;

/** Tells that a worker lives, and what it has counted since it told last. */
export async function beat(
  standing: Beat,
  fields: Readonly<Record<string, number>>,
  fleet: Monitored & { readonly redis: Redis },
): Promise<void> {
  const keep = standing.state === 'stopped' ? KEEP_STOPPED_S : KEEP_LOST_S;
  await fleet.redis.eval(
    BEAT,
    4,
    monitorKeys.bucket(fleet),
    monitorKeys.totals(fleet),
    monitorKeys.workers(fleet),
    monitorKeys.worker(standing.id, fleet),
    standing.id,
    JSON.stringify(standing),
    String(keep),
    ...Object.entries(fields).flatMap(([field, by]) => [field, String(by)]),
  );
}

/** The workers of the last hour by their ids. `lost`: silent for longer than `LOST_AFTER_MS`, without having stopped. */
export async function readWorkers(
  nowMs: number,
  fleet: Monitored & { readonly redis: Redis },
): Promise<WorkerStanding[]> {
  const flat = await fleet.redis.zrange(monitorKeys.workers(fleet), '0', '-1', 'WITHSCORES');
  const ids = flat.filter((_, index) => index % 2 === 0);
  if (ids.length === 0) return [];
  const texts = await fleet.redis.mget(ids.map((id) => monitorKeys.worker(id, fleet)));
  const standings = texts.flatMap((text, index) => {
    if (text === null) return []; // it stopped a while ago
    const parsed = beatSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return []; // a worker of another release
    const lastBeatMs = Number(flat[index * 2 + 1]);
    const lost = parsed.data.state !== 'stopped' && nowMs - lastBeatMs > LOST_AFTER_MS;
    return [{ ...parsed.data, lastBeatMs, lost }];
  });
  return standings.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
