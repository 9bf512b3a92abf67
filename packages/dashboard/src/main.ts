import {
  attemptsOf,
  connectRedis,
  createLogger,
  DEFAULT_REDIS_URL,
  LakePaths,
  loadConfig,
  Queues,
  Staging,
  type Fleet,
} from '@lance-offload/core';
import { createApp } from './app.ts';
import { parseArguments } from './arguments.ts';
import { failToStart } from './fail-to-start.ts';
import { assertMayListen, listen } from './listen.ts';
import { onStop } from './shutdown.ts';

async function main(): Promise<void> {
  const options = parseArguments(process.argv);
  assertMayListen(options.host, options.allowRemote);
  const logger = createLogger('lance-dashboard', options.logLevel);
  const config = await loadConfig(options.config, process.env);
  const redis = await connectRedis(config.redis ?? DEFAULT_REDIS_URL, (error) =>
    logger.error({ redis: true }, error.message),
  );
  const { queue_prefix: prefix } = config;
  const queues = new Queues(redis, prefix);
  const staging = new Staging(new LakePaths(config.lake));
  const fleet: Fleet = { redis, queues, staging, prefix, attempts: attemptsOf(config) };
  const { readOnly, allowedHosts } = options;
  const stopping = new AbortController();
  const server = await listen(
    createApp({ ...fleet, logger, readOnly, allowedHosts, signal: stopping.signal }),
    options.host,
    options.port,
  );
  onStop(
    [async () => stopping.abort(), () => server.close(), () => queues.close(), () => redis.quit()],
    logger,
  );
  process.stdout.write(`lance-dashboard listening on ${server.url}/queues\n`);
}

main().catch(failToStart);
