import {
  attemptsOf,
  createLogger,
  loadConfig,
  PRODUCT,
  startTracing,
  type Config,
  type Logger,
} from '@lance-offload/base';
import { connectRedis, DEFAULT_REDIS_URL, FleetPace, Queues, type FleetLink } from '@lance-offload/fleet';
import { openLake, type Staging } from '@lance-offload/core';
import { createLanceClient, type LanceClient } from '@lance-offload/lancedb';

/** Options every command takes. */
export interface GlobalOptions {
  readonly config: string;
  readonly logLevel: string;
  readonly json?: boolean;
}

const OUTAGE_MS = 30_000;

/** Tells, once per outage, of a Redis that went away: commands wait for it, and a person should know why nothing moves. */
function createOutageNotice(): (error: Error) => void {
  let saidAtMs = 0;
  return (error) => {
    if (Date.now() - saidAtMs < OUTAGE_MS) return;
    saidAtMs = Date.now();
    process.stderr.write(`Redis does not answer (${error.message}); waiting for it to come back\n`);
  };
}

/** What a command works with. Each part is made when it is first asked for, and all are closed together. */
export class Context {
  readonly config: Config;
  readonly logger: Logger;
  readonly staging: Staging;
  readonly source: LanceClient;
  readonly #pace: FleetPace;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(config: Config, logger: Logger) {
    this.config = config;
    this.logger = logger;
    this.staging = openLake(config.lake);
    this.#pace = new FleetPace(config.connection);
    this.source = createLanceClient(config.connection, {
      userAgent: PRODUCT,
      pace: this.#pace,
      onRetry: (reason, attempt) =>
        process.stderr.write(
          `no usable answer from ${reason}; trying again (${attempt} of ${config.connection.max_retries})\n`,
        ),
    });
  }

  static async open(options: GlobalOptions): Promise<Context> {
    return new Context(
      await loadConfig(options.config, process.env),
      createLogger('lance-offload', options.logLevel),
    );
  }

  get redisUrl(): string {
    return this.config.redis ?? DEFAULT_REDIS_URL;
  }

  /** Connects to the queues. */
  async fleet(redisUrl: string = this.redisUrl): Promise<FleetLink> {
    let notice: ((error: Error) => void) | undefined; // a failure to connect at all is thrown, not noticed
    const redis = await connectRedis(redisUrl, (error) => notice?.(error));
    notice = createOutageNotice();
    const tracing = await startTracing('lance-offload', this.logger);
    this.onClose(() => tracing.stop());
    const queues = new Queues(redis, this.config.queue_prefix, tracing);
    this.#pace.join(redis, this.config.queue_prefix);
    this.onClose(async () => {
      await queues.close();
      await redis.quit();
    });
    return {
      redis,
      queues,
      staging: this.staging,
      prefix: this.config.queue_prefix,
      attempts: attemptsOf(this.config),
    };
  }

  /** Closes later than everything that was opened after it. */
  onClose(close: () => Promise<unknown>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.toReversed()) await close();
    this.#closers.length = 0;
  }
}
