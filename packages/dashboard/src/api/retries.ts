import { randomUUID } from 'node:crypto';
import type { Logger } from '@lance-offload/base';
import type { FleetCommands } from './fleet-commands.ts';
import type { FailureFilter, RetryAnswer, RetryProgress } from './answers.ts';
import type { FailureIndex } from './failure-index.ts';

/** What is not staggered is waited for this long; the rest follows by itself. */
const PATIENCE_MS = 3000;

interface Retry {
  readonly progress: RetryProgress;
  retried: number;
  readonly stop: AbortController;
}

/** Retries under way. They end with the process; what was not retried by then stays failed, and can be retried again. */
export class Retries {
  readonly #commands: FleetCommands;
  readonly #index: FailureIndex;
  readonly #logger: Logger;
  readonly #retries = new Map<string, Retry>();

  constructor(commands: FleetCommands, index: FailureIndex, logger: Logger) {
    this.#commands = commands;
    this.#index = index;
    this.#logger = logger;
  }

  list(): RetryProgress[] {
    return [...this.#retries.values()].map(({ progress, retried }) => ({ ...progress, retried }));
  }

  /** Begins to retry what a filter means. @param by who wants it. */
  async start(filter: FailureFilter, perSecond: number | undefined, by: string): Promise<RetryAnswer> {
    await this.#index.refresh();
    const matched = this.#index.find(filter).length;
    if (matched === 0) return { matched, retried: 0, retryId: null };
    const id = randomUUID();
    const startedAtMs = Date.now();
    const progress = { id, filter, perSecond: perSecond ?? null, matched, retried: 0, by, startedAtMs };
    const retry: Retry = { progress, retried: 0, stop: new AbortController() };
    this.#retries.set(id, retry);
    const onRetried = (): void => {
      retry.retried += 1;
    };
    const done = this.#commands
      .retryFailures(filter, { perSecond, signal: retry.stop.signal, onRetried })
      .catch((error: unknown) => this.#logger.warn({ err: error, retryId: id }, 'a retry broke off'))
      .finally(() => this.#retries.delete(id));
    if (perSecond === undefined) await orLater(done);
    return { matched, retried: retry.retried, retryId: this.#retries.has(id) ? id : null };
  }

  /** Stops one; returns how far it got, or `undefined` where it is not under way. */
  stop(id: string): RetryProgress | undefined {
    const retry = this.#retries.get(id);
    retry?.stop.abort();
    this.#retries.delete(id);
    return retry && { ...retry.progress, retried: retry.retried };
  }

  stopAll(): void {
    for (const id of this.#retries.keys()) this.stop(id);
  }
}

async function orLater(done: Promise<unknown>): Promise<void> {
  const { promise: later, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, PATIENCE_MS);
  await Promise.race([done, later]);
  clearTimeout(timer);
}
