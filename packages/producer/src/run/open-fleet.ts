import { open } from 'node:fs/promises';
import { DEFAULT_REDIS_URL, type FleetLink } from '@lance-offload/fleet';
import type { Context } from '../context.ts';
import { listens, startLocalWorkers, startPrivateRedis } from './local-processes.ts';

export interface LocalOptions {
  readonly workers?: number;
  readonly workerLog?: string;
}

async function redisUrl(context: Context, options: LocalOptions): Promise<{ url: string; own: boolean }> {
  const { hostname, port } = new URL(DEFAULT_REDIS_URL);
  if (
    options.workers === undefined ||
    context.config.redis !== undefined ||
    (await listens(hostname, Number(port)))
  ) {
    return { url: context.redisUrl, own: false };
  }
  const redis = await startPrivateRedis();
  context.onClose(() => redis.stop());
  return { url: redis.url, own: true };
}

export interface OpenFleet {
  readonly fleet: FleetLink;
  /** Settles when the last worker of this command's own has ended; absent where it has none. */
  readonly workersGone?: Promise<unknown>;
}

/** Connects to the fleet; with `--workers`, starts this command's own, and a Redis where none is configured and none listens. */
export async function openFleet(context: Context, options: LocalOptions): Promise<OpenFleet> {
  const { url } = await redisUrl(context, options);
  const fleet = await context.fleet(url);
  if (options.workers === undefined) return { fleet };
  const log = options.workerLog === undefined ? undefined : await open(options.workerLog, 'a');
  const workers = startLocalWorkers(options.workers, {
    config: context.config.file,
    redisUrl: url,
    log: log?.fd ?? 'ignore',
  });
  context.onClose(async () => {
    await workers.stop();
    await log?.close();
  });
  return { fleet, workersGone: workers.allGone };
}
