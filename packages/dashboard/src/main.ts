import { attemptsOf, createLogger, dropOutputNobodyReads, loadConfig } from '@lance-offload/base';
import { connectRedis, DEFAULT_REDIS_URL, Queues, type FleetLink } from '@lance-offload/fleet';
import { openLake } from '@lance-offload/core';
import { createApp } from './app.ts';
import { parseArguments, type DashboardArguments } from './arguments.ts';
import { failToStart } from './fail-to-start.ts';
import { printPasswordHash } from './hash-password.ts';
import { assertMayListen, listen } from './listen.ts';
import { onStop } from './shutdown.ts';

async function serve(options: DashboardArguments): Promise<void> {
  const { host, port, readOnly, allowedHosts, trustProxy } = options;
  const config = await loadConfig(options.config, process.env);
  assertMayListen(host, config.dashboard.users.length > 0);
  const logger = createLogger('lance-dashboard', options.logLevel);
  const redis = await connectRedis(config.redis ?? DEFAULT_REDIS_URL, (error) =>
    logger.error({ redis: true }, error.message),
  );
  const { queue_prefix: prefix, dashboard: settings } = config;
  const queues = new Queues(redis, prefix);
  const staging = openLake(config.lake);
  const fleet: FleetLink = { redis, queues, staging, prefix, attempts: attemptsOf(config) };
  const stopping = new AbortController();
  const { signal } = stopping;
  const app = createApp({ ...fleet, logger, settings, readOnly, allowedHosts, trustProxy, signal });
  const server = await listen(app, host, port);
  const endStreams = async (): Promise<void> => stopping.abort();
  onStop([endStreams, () => server.close(), () => queues.close(), () => redis.quit()], logger);
  process.stdout.write(`lance-dashboard listening on ${server.url}\n`);
}

dropOutputNobodyReads();
parseArguments(process.argv, { serve, hashPassword: printPasswordHash }).catch(failToStart);
