import { connectRedis, createLogger, DEFAULT_REDIS_URL, loadConfig, Queues } from '@lance-offload/core';
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
  const queues = new Queues(redis, config.queue_prefix);
  const { readOnly, allowedHosts } = options;
  const server = await listen(
    createApp({ redis, queues, logger, readOnly, allowedHosts }),
    options.host,
    options.port,
  );
  onStop([() => server.close(), () => queues.close(), () => redis.quit()], logger);
  process.stdout.write(`lance-dashboard listening on ${server.url}/queues\n`);
}

main().catch(failToStart);
