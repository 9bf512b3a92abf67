import type { RequestHandler } from 'express';
import type { Redis } from 'ioredis';

const PING_MS = 1000;

async function answersPing(redis: Redis): Promise<boolean> {
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

/** 200 where Redis answers within a second, 503 otherwise. */
export function reportHealth(redis: Redis): RequestHandler {
  return async (_request, response) => {
    if (await answersPing(redis)) response.json({ status: 'ok' });
    else response.status(503).json({ status: 'unavailable', reason: 'Redis does not answer' });
  };
}

/** Answers at once while Redis is away, rather than keeping every poll of the board waiting for it. */
export function requireRedis(redis: Redis): RequestHandler {
  return (_request, response, next) => {
    if (redis.status === 'ready') {
      next();
      return;
    }
    const error = { key: 'ERRORS.INTERNAL_SERVER_ERROR' };
    response
      .status(503)
      .json({ error, message: 'Redis does not answer; the board shows the queues again when it does.' });
  };
}
