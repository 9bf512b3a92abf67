import { answersPing } from '@lance-offload/fleet';
import type { RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import { awayHtml } from './access/login-html.ts';
import { refuse } from './refusal.ts';

/** Says that the process lives: restarting it would not help where anything else is amiss. */
export const reportAlive: RequestHandler = (_request, response) => {
  response.json({ status: 'ok' });
};

/** 200 where Redis answers within a second, 503 otherwise. */
export function reportReady(redis: Redis): RequestHandler {
  return async (_request, response) => {
    if (await answersPing(redis)) response.json({ status: 'ok' });
    else response.status(503).json({ status: 'unavailable' });
  };
}

/** Answers at once while Redis is away, rather than keeping every request waiting for it; whoever looks is shown it when it is back. */
export function requireRedis(redis: Redis): RequestHandler {
  return (request, response, next) => {
    if (redis.status === 'ready') {
      next();
      return;
    }
    const isForEyes = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
    if (isForEyes) response.status(503).set('Retry-After', '5').send(awayHtml());
    else refuse(response, 503, 'Redis does not answer; the dashboard works again when it does.');
  };
}
