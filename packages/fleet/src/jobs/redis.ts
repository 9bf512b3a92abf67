import { Redis } from 'ioredis';
import { OffloadError } from '@lance-offload/base';

export const DEFAULT_REDIS_URL = 'redis://127.0.0.1:6379';

/** The URL without its password, for messages; its query may hold one as well. */
export function redactUrl(url: string): string {
  const parsed = new URL(url);
  if (parsed.password) parsed.password = '***';
  parsed.search = '';
  return parsed.toString();
}

function unavailable(url: string, cause: unknown): OffloadError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new OffloadError(
    'REDIS_UNAVAILABLE',
    `No Redis answers at ${redactUrl(url)}: ${reason}`,
    {},
    { cause },
  );
}

async function evictionPolicy(redis: Redis): Promise<string | undefined> {
  const info = await redis.info('memory');
  return /^maxmemory_policy:(\S+)/m.exec(info)?.[1];
}

/**
 * Connects to Redis and checks that it may hold jobs.
 *
 * `maxRetriesPerRequest: null` is BullMQ's demand on connections that workers block on; it makes commands wait out a
 * Redis that goes away for a while.
 *
 * @throws OffloadError `REDIS_UNAVAILABLE`, or `REDIS_MISCONFIGURED` where keys may be evicted.
 */
export async function connectRedis(url: string, onError: (error: Error) => void): Promise<Redis> {
  const redis = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    retryStrategy: () => null,
    connectTimeout: 5000,
  });
  let lastError: Error | undefined;
  redis.on('error', (error: Error) => {
    lastError = error;
    onError(error);
  });
  try {
    await redis.connect();
    const policy = await evictionPolicy(redis);
    if (policy !== undefined && policy !== 'noeviction') {
      throw new OffloadError(
        'REDIS_MISCONFIGURED',
        `Redis at ${redactUrl(url)} has maxmemory-policy ${policy}: it may drop jobs of a run`,
      );
    }
  } catch (error) {
    redis.disconnect();
    throw error instanceof OffloadError ? error : unavailable(url, lastError ?? error);
  }
  // From here on an interruption is waited out.
  redis.options.retryStrategy = (times) => Math.min(times * 200, 5000);
  return redis;
}

const PING_MS = 1000;

/** Whether Redis answers within a second. */
export async function answersPing(redis: Redis): Promise<boolean> {
  // A client that is reconnecting would keep the command until it succeeds.
  if (redis.status !== 'ready') return false;
  const { promise: tooLate, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, PING_MS, false);
  const answered = redis.ping().then(
    () => true,
    () => false, // the connection broke: that is the answer
  );
  try {
    return await Promise.race([answered, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
