import { availableParallelism, hostname } from 'node:os';
import {
  connectRedis,
  createLanceClient,
  createLogger,
  FleetPace,
  DEFAULT_REDIS_URL,
  LakePaths,
  loadConfig,
  PRODUCT,
  Queues,
  RequestSizes,
  Staging,
} from '@lance-offload/core';
import { parseArguments } from './arguments.ts';
import { startCommitWorker } from './commit-worker.ts';
import { failToStart } from './fail-to-start.ts';
import { startPageWorker } from './page-worker.ts';
import { onStop, shutDown } from './shutdown.ts';
import { TransformPool } from './transform-pool.ts';

async function main(): Promise<void> {
  const options = parseArguments(process.argv, availableParallelism());
  const logger = createLogger('lance-worker', options.logLevel);
  const config = await loadConfig(options.config, process.env);
  const redis = await connectRedis(config.redis ?? DEFAULT_REDIS_URL, (error) =>
    logger.error({ redis: true }, error.message),
  );
  const connection = { connection: redis, prefix: config.queue_prefix };
  const queues = new Queues(redis, config.queue_prefix);
  const staging = new Staging(new LakePaths(config.lake));
  const pool = new TransformPool(options.threads);
  const onLimit = (limit: object) =>
    logger.warn(limit, 'the source answers 429: the fleet waits, and goes on more slowly');
  const pace = new FleetPace(config.connection, onLimit).join(redis, config.queue_prefix);
  const deps = {
    source: createLanceClient(config.connection, { userAgent: PRODUCT, pace }),
    staging,
    transform: pool.transform.bind(pool),
    sizes: new RequestSizes(),
    worker: `${hostname()}:${process.pid}`,
  };
  const workers = [
    startPageWorker(deps, connection, queues, options.concurrency, logger),
    startCommitWorker(deps, connection, queues, logger),
  ];
  const close = [() => pool.close(), () => queues.close(), () => redis.quit()];
  onStop(() => shutDown({ workers, close, graceMs: options.graceMs, logger }), {
    withStdin: options.exitWithStdin,
  });
  logger.info(
    {
      source: deps.source.url,
      lake: config.lake,
      concurrency: options.concurrency,
      threads: options.threads,
    },
    'worker ready',
  );
}

main().catch(failToStart);
