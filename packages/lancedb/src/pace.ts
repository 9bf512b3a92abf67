import { setTimeout as sleep } from 'node:timers/promises';
import { OffloadError } from '@lance-offload/base';

/** Tells a pace which of its decisions a request was sent under; a refusal of an earlier one says nothing new. */
export type Ticket = number;

/** When requests may be sent: as fast as they come, until the source answers one 429. */
export interface Pace {
  /**
   * Waits until a request may be sent.
   * @throws OffloadError `SOURCE_RATE_LIMITED` where the source asked for a longer silence than `MAX_PAUSE_MS`.
   */
  take(signal?: AbortSignal): Promise<Ticket>;
  /** Tells that the source answered a request 429, and for how long it wants none. */
  refused(ticket: Ticket, retryAfterMs: number): Promise<void>;
}

/** Longest silence that is waited out with a page in hand; for a longer one the page goes back to the queue. */
export const MAX_PAUSE_MS = 60_000;

/**
 * How a rate is learnt, the same for a fleet and for a process by itself. After a 429 it is what the source has answered
 * of late, less a margin, and no less than half of what it was; from there it grows, first slowly, then faster, as long
 * as requests wait for it. Rates are requests per second.
 */
export const LEARNING = { margin: 0.95, least: 0.5, growth: 0.001, acceleration: 0.000_15 } as const;

/** @throws OffloadError `SOURCE_RATE_LIMITED` for a pause that is too long to hold a page. */
export function refuseLongPause(pausedMs: number): void {
  if (pausedMs <= MAX_PAUSE_MS) return;
  const message = `The source wants no request for another ${Math.ceil(pausedMs / 1000)} s`;
  throw new OffloadError('SOURCE_RATE_LIMITED', message, { retryAfterMs: pausedMs });
}

const WINDOW_S = 10;

/**
 * The pace of a process by itself: of a command that has no queue, and of a worker whose Redis does not answer. Its
 * clock is the process's own.
 */
export class LocalPace implements Pace {
  readonly #ceiling: number;
  #rate = Number.POSITIVE_INFINITY;
  #nextMs = 0;
  #pausedUntilMs = 0;
  #refusedAtMs = 0;
  #grownAtMs = 0;
  /** Requests sent of late: each counts for e^(-age/10 s). */
  #recent = 0;
  #notedAtMs = 0;
  #firstAtMs: number | undefined;
  #epoch = 0;

  /** @param ceiling requests per second that are never exceeded. */
  constructor(ceiling: number = Number.POSITIVE_INFINITY) {
    this.#ceiling = ceiling;
  }

  async take(signal?: AbortSignal): Promise<Ticket> {
    for (;;) {
      const now = performance.now();
      refuseLongPause(this.#pausedUntilMs - now);
      const slot = Math.max(now, this.#nextMs, this.#pausedUntilMs);
      this.#nextMs = slot + 1000 / Math.min(this.#rate, this.#ceiling);
      if (slot > now) this.#grow(now);
      const epoch = this.#epoch;
      if (slot > now) await sleep(slot - now, undefined, { signal });
      if (epoch !== this.#epoch) continue; // what was promised does not hold any more
      this.note();
      return epoch;
    }
  }

  refused(ticket: Ticket, retryAfterMs: number): Promise<void> {
    const now = performance.now();
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, now + retryAfterMs);
    this.#recent = Math.max(0, this.#recentAt(now) - 1);
    this.#notedAtMs = now;
    if (ticket === this.#epoch) {
      const known = Number.isFinite(this.#rate) ? this.#rate / 2 : LEARNING.least;
      this.#rate = Math.max(known, Math.min(this.#rate, this.#habit(now)) * LEARNING.margin);
      this.#epoch += 1;
      this.#refusedAtMs = now;
      this.#grownAtMs = now;
      this.#nextMs = this.#pausedUntilMs;
    }
    return Promise.resolve();
  }

  /** Counts a request that was sent under another pace, so that this one knows what the process is used to. */
  note(): void {
    const now = performance.now();
    this.#recent = this.#recentAt(now) + 1;
    this.#notedAtMs = now;
    this.#firstAtMs ??= now;
  }

  /** Takes over where another pace left off: no faster than this process was under it. */
  resume(): void {
    const now = performance.now();
    this.#rate = Math.max(LEARNING.least, this.#habit(now));
    this.#refusedAtMs = now;
    this.#grownAtMs = now;
  }

  #recentAt(now: number): number {
    return this.#recent * Math.exp((this.#notedAtMs - now) / (WINDOW_S * 1000));
  }

  /** Requests per second this process is used to. */
  #habit(now: number): number {
    const seconds = Math.min(WINDOW_S, Math.max(1, (now - (this.#firstAtMs ?? now)) / 1000));
    return this.#recentAt(now) / seconds;
  }

  #grow(now: number): void {
    const seconds = Math.min(1, (now - this.#grownAtMs) / 1000);
    const since = (now - this.#refusedAtMs) / 1000;
    this.#rate *= 1 + (LEARNING.growth + LEARNING.acceleration * since ** 2) * seconds;
    this.#grownAtMs = now;
  }
}
