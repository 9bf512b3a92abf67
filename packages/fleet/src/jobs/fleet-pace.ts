import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { sourceUrl, type Connection } from '@lance-offload/base';
import { LocalPace, refuseLongPause, type Pace, type Ticket } from '@lance-offload/lancedb';
import { limitsKey } from './limits.ts';
import { PACE_SCRIPT } from './pace-script.ts';

/** How often a process asks whether the fleet has met a limit, while it knows of none. */
const LISTEN_MS = 1000;
/** A Redis that takes longer is left alone for a while: a request is worth more than its place in the line. */
const PATIENCE_MS = 1000;
const ALONE_MS = 5000;

const UNLIMITED = -1;
const NONE = -1;

/** The fleet has met the source's limit. */
export interface Limit {
  /** Of the whole fleet, from now on. */
  readonly requestsPerSecond: number;
  /** Milliseconds without any request. */
  readonly silenceMs: number;
}

interface Answer {
  readonly first: number;
  readonly quietMs: number;
  readonly epoch: number;
}

/** Where the fleet's pace towards a source is kept. A project name is part of it: a host may serve several. */
function paceKey(prefix: string, connection: Connection): string {
  const source = `${sourceUrl(connection)} ${connection.project_name}`;
  return `${prefix}:pace:${createHash('sha256').update(source).digest('hex').slice(0, 16)}`;
}

async function withPatience<T>(work: Promise<T>): Promise<T> {
  const given = new AbortController();
  const late = sleep(PATIENCE_MS, undefined, { signal: given.signal, ref: false }).then(() => {
    throw new Error(`Redis did not answer within ${PATIENCE_MS} ms`);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    work.catch(() => undefined); // it may still fail, long after anybody waits for it
    late.catch(() => undefined);
    given.abort();
  }
}

/**
 * One pace for all processes of a fleet. Until the source answers any of them 429, or the fleet is limited, it costs one call to Redis a second;
 * from then on each request takes a token first (`PACE_SCRIPT`). Before it has joined a fleet, and while Redis does not
 * answer, the process keeps a pace of its own.
 */
export class FleetPace implements Pace {
  readonly #connection: Connection;
  readonly #local: LocalPace;
  #fleet: { readonly redis: Redis; readonly keys: readonly [string, string] } | undefined;
  #limited: boolean;
  /** Requests sent that Redis has not counted. */
  #unseen = 0;
  #listenedAtMs = 0;
  #aloneUntilMs = 0;
  #toldEpoch = 0;
  readonly #onLimit: (limit: Limit) => void;

  /** @param onLimit told by the process whose request changed the fleet's pace. */
  constructor(connection: Connection, onLimit: (limit: Limit) => void = () => undefined) {
    this.#onLimit = onLimit;
    this.#connection = connection;
    this.#local = new LocalPace(connection.max_requests_per_second);
    this.#limited = connection.max_requests_per_second !== undefined;
  }

  /** From now on the pace is the fleet's. */
  join(redis: Redis, prefix: string): this {
    this.#fleet = { redis, keys: [paceKey(prefix, this.#connection), limitsKey(prefix)] };
    return this;
  }

  async take(signal?: AbortSignal): Promise<Ticket> {
    if (this.#fleet && !this.#limited) {
      this.#unseen += 1;
      this.#local.note();
      void this.#listen();
      return 0;
    }
    for (let epoch = NONE; ;) {
      const answer = await this.#ask('take', epoch);
      if (!answer) return this.#local.take(signal);
      refuseLongPause(answer.quietMs);
      if (answer.first <= 0) {
        this.#limited = answer.first !== UNLIMITED;
        this.#local.note();
        return answer.epoch;
      }
      await sleep(answer.first, undefined, { signal });
      ({ epoch } = answer);
    }
  }

  async refused(ticket: Ticket, retryAfterMs: number): Promise<void> {
    this.#limited = true;
    const answer = await this.#ask('refused', ticket, retryAfterMs);
    if (!answer) await this.#local.refused(ticket, retryAfterMs);
    else if (answer.epoch > this.#toldEpoch && answer.epoch > ticket) {
      this.#toldEpoch = answer.epoch;
      this.#onLimit({ requestsPerSecond: answer.first / 1000, silenceMs: answer.quietMs });
    }
  }

  /** Asks, beside the requests, whether another process has met a limit. */
  async #listen(): Promise<void> {
    const now = performance.now();
    if (now - this.#listenedAtMs < LISTEN_MS) return;
    this.#listenedAtMs = now;
    const answer = await this.#ask('count', NONE);
    if (answer && answer.first !== UNLIMITED) this.#limited = true;
  }

  /** @returns `undefined` where there is no fleet, or Redis does not answer in time. */
  async #ask(call: 'take' | 'count' | 'refused', ticket: number, silenceMs = 0): Promise<Answer | undefined> {
    if (!this.#fleet || performance.now() < this.#aloneUntilMs) return undefined;
    const { redis, keys } = this.#fleet;
    const ceiling = this.#connection.max_requests_per_second ?? '';
    const unseen = this.#unseen;
    this.#unseen = 0;
    try {
      const answer = await withPatience(
        redis.eval(PACE_SCRIPT, 2, ...keys, call, '', ceiling, unseen, ticket, silenceMs / 1000),
      );
      const [first = 0, quietMs = 0, epoch = 0] = answer as number[];
      return { first, quietMs, epoch };
    } catch {
      // Lost or overloaded: fetching goes on at the pace this process had, and Redis is asked again later.
      if (this.#limited) this.#local.resume();
      this.#aloneUntilMs = performance.now() + ALONE_MS;
      return undefined;
    }
  }
}
