import { z } from 'zod';
import type { FleetLink } from './fleet-link.ts';

const count = z.coerce.number().int().default(0);
const atMs = z.coerce.number().optional();

const countsSchema = z.object({
  started: count,
  skipped: count,
  /** Runs that could not be started, and runs that were started and could not be planned. */
  failed: count,
  lastRunId: z.string().optional(),
  lastStartedAtMs: atMs,
  /** The run that was open when the schedule was skipped last. */
  openRunId: z.string().optional(),
  lastSkippedAtMs: atMs,
  lastErrorCode: z.string().optional(),
  lastErrorMessage: z.string().optional(),
  lastErrorAtMs: atMs,
});

/** What has come of a table's schedule so far, over all processes that ran it. */
export type ScheduleCounts = z.output<typeof countsSchema>;

const keyOf = (table: string, { prefix }: FleetLink): string =>
  `${prefix}:schedule:${encodeURIComponent(table)}`;

/**
 * A tick is void where another one was taken since it was due, and where it has started its run already. Ticks that
 * were missed, or left by a process that died, would otherwise start one run after the other.
 */
const CLAIM = `local due = redis.call('HGET', KEYS[1], 'tickDueMs')
if due == ARGV[1] then
  if redis.call('HGET', KEYS[1], 'startedTickMs') == due then return 0 end
elseif tonumber(redis.call('HGET', KEYS[1], 'tickTakenAtMs') or '-1') >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'tickDueMs', ARGV[1], 'tickTakenAtMs', ARGV[2]) return 1`;

/** Whether this tick of a table's schedule is still to be acted on, by this process and no other one. */
export async function claimTick(table: string, dueMs: number, fleet: FleetLink): Promise<boolean> {
  return (await fleet.redis.eval(CLAIM, 1, keyOf(table, fleet), dueMs, Date.now())) === 1;
}

async function add(
  table: string,
  field: 'started' | 'skipped' | 'failed',
  last: Readonly<Record<string, string | number>>,
  fleet: FleetLink,
): Promise<void> {
  const key = keyOf(table, fleet);
  await fleet.redis.multi().hincrby(key, field, 1).hset(key, last).exec();
}

export async function countStarted(
  table: string,
  runId: string,
  dueMs: number,
  fleet: FleetLink,
): Promise<void> {
  const last = { lastRunId: runId, lastStartedAtMs: Date.now(), startedTickMs: dueMs };
  await add(table, 'started', last, fleet);
}

export async function countSkipped(table: string, openRunId: string, fleet: FleetLink): Promise<void> {
  await add(table, 'skipped', { openRunId, lastSkippedAtMs: Date.now() }, fleet);
}

export async function countFailed(
  table: string,
  error: { readonly code: string; readonly message: string },
  fleet: FleetLink,
): Promise<void> {
  const last = { lastErrorCode: error.code, lastErrorMessage: error.message, lastErrorAtMs: Date.now() };
  await add(table, 'failed', last, fleet);
}

export async function readCounts(table: string, fleet: FleetLink): Promise<ScheduleCounts> {
  return countsSchema.parse(await fleet.redis.hgetall(keyOf(table, fleet)));
}

export async function forgetCounts(table: string, fleet: FleetLink): Promise<void> {
  await fleet.redis.del(keyOf(table, fleet));
}
