import type { Redis } from 'ioredis';
import { PACE_SCRIPT } from '../../src/jobs/pace-script.ts';

/** A source with a rate limit, on the simulation's clock. Answers 0, or for how many seconds it wants no request. */
export type Limiter = (now: number) => number;

/** As `lancedb-server --rate-limit` does it: `perSecond` requests, and as many at once. */
export function tokenBucket(perSecond: number | ((now: number) => number), capacity?: number): Limiter {
  let [tokens, filledAt] = [Number.POSITIVE_INFINITY, 0];
  return (now) => {
    const rate = typeof perSecond === 'number' ? perSecond : perSecond(now);
    tokens = Math.min(capacity ?? rate, tokens + (now - filledAt) * rate);
    filledAt = now;
    if (tokens < 1) return Math.max(1, Math.ceil((1 - tokens) / rate));
    tokens -= 1;
    return 0;
  };
}

/** So many requests in each period, counted from its beginning. */
export function fixedWindow(requests: number, seconds: number): Limiter {
  let [period, used] = [-1, 0];
  return (now) => {
    const current = Math.floor(now / seconds);
    if (current !== period) [period, used] = [current, 0];
    if (used >= requests) return (current + 1) * seconds - now;
    used += 1;
    return 0;
  };
}

interface Process {
  limited: boolean;
  unseen: number;
  listenedAt: number;
}

export interface Simulation {
  readonly processes: number;
  readonly slots: number;
  readonly requests: number;
  readonly limiter: Limiter;
  readonly ceiling?: number;
  /** Requests per second the fleet is limited to, from so many seconds on; `null` takes the limit away. */
  readonly fleetCeiling?: readonly { readonly at: number; readonly perSecond: number | null }[];
  /** Seconds from a request to its answer, and from there to the next one. */
  readonly latency?: number;
  readonly work?: number;
}

export interface Outcome {
  readonly seconds: number;
  readonly refused: number;
  /** 429s to one request, at most. */
  readonly worst: number;
}

const START = 1_700_000_000;

/** Runs a fleet against a limiter on a clock of its own, with the real script in a real Redis. */
export async function simulate(redis: Redis, key: string, options: Simulation): Promise<Outcome> {
  const { processes, slots, requests, limiter, ceiling, latency = 0.01, work = 0.03 } = options;
  const { fleetCeiling = [] } = options;
  const limits = `${key}-limits`;
  const events: { readonly at: number; readonly run: (now: number) => Promise<void> }[] = [];
  const later = (at: number, run: (now: number) => Promise<void>) => {
    const index = events.findLastIndex((event) => event.at <= at);
    events.splice(index + 1, 0, { at, run });
  };
  const ask = async (process: Process, call: string, now: number, ticket: number, silence = 0) => {
    const unseen = process.unseen;
    process.unseen = 0;
    const args = [call, now, ceiling ?? '', unseen, ticket, silence];
    return (await redis.eval(PACE_SCRIPT, 2, key, limits, ...args)) as [number, number, number];
  };
  let [started, done, refused, worst, end] = [0, 0, 0, 0, 0];

  const begin = (process: Process) => async (now: number) => {
    if (started === requests) return;
    started += 1;
    await take(process, -1, 0)(now);
  };
  const send = (process: Process, ticket: number, before: number, now: number) => {
    const silence = limiter(now - START);
    later(now + latency, async (at) => {
      if (silence === 0) {
        done += 1;
        end = at;
        return later(at + work, begin(process));
      }
      refused += 1;
      worst = Math.max(worst, before + 1);
      process.limited = true;
      await ask(process, 'refused', at, ticket, Math.max(0.1, silence));
      await take(process, -1, before + 1)(at);
    });
  };
  const take = (process: Process, ticket: number, before: number) => async (now: number) => {
    if (!process.limited) {
      process.unseen += 1;
      if (now - process.listenedAt >= 1) {
        process.listenedAt = now;
        process.limited = (await ask(process, 'count', now, -1))[0] !== -1;
      }
      return send(process, 0, before, now);
    }
    const [wait, , epoch] = await ask(process, 'take', now, ticket);
    if (wait <= 0) return send(process, epoch, before, now);
    later(now + wait / 1000, take(process, epoch, before));
  };

  for (const { at, perSecond } of fleetCeiling) {
    later(START + at, async () => {
      if (perSecond === null) await redis.del(limits);
      else await redis.hset(limits, 'requestsPerSecond', perSecond);
    });
  }
  for (let index = 0; index < processes; index++) {
    const process: Process = {
      limited: ceiling !== undefined,
      unseen: 0,
      listenedAt: Number.NEGATIVE_INFINITY,
    };
    for (let slot = 0; slot < slots; slot++) later(START + index / 1000, begin(process));
  }
  for (let event = events.shift(); event; event = events.shift()) await event.run(event.at);
  if (done !== requests) throw new Error(`${done} of ${requests} requests were answered`);
  return { seconds: end - START, refused, worst };
}
