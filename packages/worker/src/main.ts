import { availableParallelism } from 'node:os';
import { connectRedis, FleetPace, DEFAULT_REDIS_URL, Queues } from '@lance-offload/fleet';
import { openLake } from '@lance-offload/core';
import { createLanceClient, RequestSizes } from '@lance-offload/lancedb';
import { createLogger, dropOutputNobodyReads, loadConfig, PRODUCT, startTracing } from '@lance-offload/base';
import { parseArguments } from './arguments.ts';
import { startCommitWorker } from './commit-worker.ts';
import { failToStart } from './fail-to-start.ts';
import { startHealthServer } from './health-server.ts';
import { startPageWorker } from './page-worker.ts';
import { onStop, shutDown } from './shutdown.ts';
import { TransformPool } from './transform-pool.ts';
import { WorkerMonitor } from './worker-monitor.ts';

async function main(): Promise<void> {
  const options = parseArguments(process.argv, availableParallelism());
  const logger = createLogger('lance-worker', options.logLevel);
  const config = await loadConfig(options.config, process.env);
  const redis = await connectRedis(config.redis ?? DEFAULT_REDIS_URL, (error) =>
    logger.error({ redis: true }, error.message),
  );
  const connection = { connection: redis, prefix: config.queue_prefix };
  const tracing = await startTracing('lance-worker', logger);
  const queues = new Queues(redis, config.queue_prefix, tracing);
  const staging = openLake(config.lake);
  const pool = new TransformPool(options.threads);
  const onLimit = (limit: object) =>
    logger.warn(limit, 'the source answers 429: the fleet waits, and goes on more slowly');
  const pace = new FleetPace(config.connection, onLimit).join(redis, config.queue_prefix);
  const { concurrency, threads } = options;
  const fleet = { redis, prefix: config.queue_prefix };
  const monitor = new WorkerMonitor(fleet, { concurrency, threads }, logger);
  const deps = {
    source: createLanceClient(config.connection, {
      userAgent: PRODUCT,
      pace,
      onQuery: (query) => {
        monitor.query(query);
        tracing.past('query', query.ms, query);
      },
    }),
    staging,
    transform: pool.transform.bind(pool),
    sizes: new RequestSizes(),
    tracing,
    worker: monitor.id,
  };
  const health = await startHealthServer(options, { redis, isStopping: () => monitor.isStopping });
  monitor.start(); // from here on nothing keeps it from working
  const workers = [
    startPageWorker(deps, connection, queues, concurrency, monitor, logger),
    startCommitWorker(deps, connection, queues, monitor, logger),
  ];
  const close = [
    () => pool.close(),
    () => queues.close(),
    () => monitor.stop().then(() => redis.quit()),
    () => tracing.stop(),
    () => health?.close() ?? Promise.resolve(),
  ];
  const stop = () => {
    monitor.stopping();
    return shutDown({ workers, close, graceMs: options.graceMs, logger });
  };
  onStop(stop, { withStdin: options.exitWithStdin });
  const facts = { source: deps.source.url, lake: config.lake, concurrency, threads, health: health?.url };
  logger.info(facts, 'worker ready');
}

dropOutputNobodyReads();
main().catch(failToStart);
