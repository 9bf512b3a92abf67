import type { Config } from './load.ts';

/** How work is tried: the source's `max_retries` and `initial_retry_delay`. */
export interface Attempts {
  readonly maxRetries: number;
  readonly initialDelayMs: number;
}

export function attemptsOf(config: Config): Attempts {
  return {
    maxRetries: config.connection.max_retries,
    initialDelayMs: config.connection.initial_retry_delay * 1000,
  };
}
