import type { Redis } from 'ioredis';
import { addCounts, NO_COUNTS, parseCounts, type CountFields, type FleetCounts } from './counts.ts';
import { monitorKeys, type Monitored } from './monitor-keys.ts';

/** Counts are kept in stretches of time of this length. */
export const BUCKET_S = 5;
/** For this long: charts show an hour. */
const KEEP_BUCKETS_S = 2 * 3600;

/** The fleet's counts of `BUCKET_S` seconds. */
export interface Bucket {
  /** When it begins, in seconds. */
  readonly atS: number;
  readonly counts: FleetCounts;
}

/**
 * Start of every script that counts: `bump(fields)` adds to the bucket of Redis's clock, the one clock all hosts share,
 * and to the totals. KEYS[1] the start of the buckets' keys, KEYS[2] the totals. Keys of buckets are made of KEYS[1],
 * whose hash tag keeps them in one slot of a cluster.
 */
export const BUMP = `
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local bucket_s = math.floor(tonumber(time[1]) / ${BUCKET_S}) * ${BUCKET_S}
local function bump(field, by)
  redis.call('HINCRBY', KEYS[1] .. bucket_s, field, by)
  redis.call('EXPIRE', KEYS[1] .. bucket_s, ${KEEP_BUCKETS_S})
  redis.call('HINCRBY', KEYS[2], field, by)
end
`;

const COUNT = `${BUMP}
for i = 1, #ARGV, 2 do bump(ARGV[i], tonumber(ARGV[i + 1])) end`;

/** Adds to the fleet's counts of this moment. Whole numbers. */
export async function count(
  fields: CountFields,
  fleet: Monitored & { readonly redis: Redis },
): Promise<void> {
  const entries = Object.entries(fields).filter(([, by]) => by !== 0);
  if (entries.length === 0) return;
  await fleet.redis.eval(COUNT, 2, monitorKeys.bucket(fleet), monitorKeys.totals(fleet), ...entries.flat());
}

/** Redis's clock, in milliseconds. */
export async function redisTimeMs(redis: Redis): Promise<number> {
  const [seconds, micros] = await redis.time();
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

export function bucketStart(ms: number): number {
  return Math.floor(ms / 1000 / BUCKET_S) * BUCKET_S;
}

/** The buckets that begin in a stretch of time, both ends included; those in which nothing happened too. In seconds. */
export async function readBuckets(
  fromS: number,
  toS: number,
  fleet: Monitored & { readonly redis: Redis },
): Promise<Bucket[]> {
  const starts: number[] = [];
  for (let atS = fromS; atS <= toS; atS += BUCKET_S) starts.push(atS);
  const pipeline = fleet.redis.pipeline();
  for (const atS of starts) pipeline.hgetall(`${monitorKeys.bucket(fleet)}${atS}`);
  const answers = (await pipeline.exec()) ?? [];
  return starts.map((atS, index) => {
    const [error, hash] = answers[index] ?? [];
    if (error) throw error;
    return { atS, counts: parseCounts(hash as Record<string, string>) };
  });
}

/** The fleet's counts since Redis began to keep them. */
export async function readTotals(fleet: Monitored & { readonly redis: Redis }): Promise<FleetCounts> {
  return parseCounts(await fleet.redis.hgetall(monitorKeys.totals(fleet)));
}

export function sumBuckets(buckets: readonly Bucket[]): FleetCounts {
  return buckets.reduce((sum, { counts }) => addCounts(sum, counts), NO_COUNTS);
}
