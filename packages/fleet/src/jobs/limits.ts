import { OffloadError } from '@lance-offload/base';
import type { FleetLink } from './fleet-link.ts';

/** Limits of the whole fleet; `null` where there is none. */
export interface Limits {
  /** Pages under way at once. */
  readonly concurrency: number | null;
  /** Requests to a source. Beside it stands each process's own `connection.max_requests_per_second`: the smaller counts. */
  readonly requestsPerSecond: number | null;
}

/** Limits to change: those that are absent stay as they are, and `null` takes one away. */
export type LimitChanges = { readonly [Limit in keyof Limits]?: Limits[Limit] | undefined };

/** The field of the limits' hash that `PACE_SCRIPT` reads. */
const RATE_FIELD = 'requestsPerSecond';

/** Apart from the pace that is learnt, which is forgotten when nothing is sent for a while. */
export const limitsKey = (prefix: string): string => `${prefix}:limits`;

const isGiven = (limit: number | null | undefined): limit is number => limit !== undefined && limit !== null;

function refuse(what: string, value: number): never {
  throw new OffloadError('CONFIG_INVALID', `${what}, not ${value}`);
}

/**
 * Sets limits for all processes of the fleet, whatever their configuration. Pages and requests under way are finished;
 * workers hear of a rate within about a second, and of a greater concurrency within five.
 *
 * @returns the limits as they are now.
 * @throws OffloadError `CONFIG_INVALID` for a concurrency that is no whole number from 1, or a rate that is not above 0.
 */
export async function setLimits(fleet: FleetLink, changes: LimitChanges): Promise<Limits> {
  const { concurrency, requestsPerSecond } = changes;
  if (isGiven(concurrency) && !(Number.isSafeInteger(concurrency) && concurrency >= 1))
    refuse('The fleet’s concurrency must be a whole number from 1', concurrency);
  if (isGiven(requestsPerSecond) && !(Number.isFinite(requestsPerSecond) && requestsPerSecond > 0))
    refuse('The fleet’s requests per second must be a number above 0', requestsPerSecond);

  if (concurrency === null) await fleet.queues.page.removeGlobalConcurrency();
  else if (concurrency !== undefined) await fleet.queues.page.setGlobalConcurrency(concurrency);
  const key = limitsKey(fleet.prefix);
  if (requestsPerSecond === null) await fleet.redis.hdel(key, RATE_FIELD);
  else if (requestsPerSecond !== undefined) await fleet.redis.hset(key, RATE_FIELD, requestsPerSecond);
  return readLimits(fleet);
}

export async function readLimits({ redis, queues, prefix }: FleetLink): Promise<Limits> {
  const concurrency = await queues.page.getGlobalConcurrency();
  const rate = await redis.hget(limitsKey(prefix), RATE_FIELD);
  return { concurrency, requestsPerSecond: rate === null ? null : Number(rate) };
}
