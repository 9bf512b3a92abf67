import type { Redis } from 'ioredis';
import { z } from 'zod';
import { KEEP_RUNS_S, monitorKeys, type Monitored } from './monitor-keys.ts';

const lineSchema = z.object({
  atMs: z.int(),
  level: z.enum(['info', 'warn', 'error']),
  text: z.string(),
  page: z.int().optional(),
  code: z.string().optional(),
  /** Who says it: `host:pid` of a worker, or `producer`. */
  from: z.string(),
});
/** A line about a run, for the operator who looks at it. No secrets, and nothing of the rows. */
export type RunLogLine = z.output<typeof lineSchema>;

const KEEP_LINES = 500;

export async function logRun(
  runId: string,
  line: RunLogLine,
  fleet: Monitored & { readonly redis: Redis },
): Promise<void> {
  const key = monitorKeys.log(runId, fleet);
  await fleet.redis
    .multi()
    .lpush(key, JSON.stringify(line))
    .ltrim(key, 0, KEEP_LINES - 1)
    .expire(key, KEEP_RUNS_S)
    .exec();
}

/** The newest lines of a run, the newest first. */
export async function readRunLog(
  runId: string,
  limit: number,
  fleet: Monitored & { readonly redis: Redis },
): Promise<RunLogLine[]> {
  const texts = await fleet.redis.lrange(monitorKeys.log(runId, fleet), 0, limit - 1);
  return texts.map((text) => lineSchema.parse(JSON.parse(text)));
}
