import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { HttpError, toHttpError } from './errors.ts';

const REQUEST_ID = 'x-request-id';

/** From 0.2.0 on the official client sends several query vectors in one request; from 0.3.0 on, structured text queries. */
const PROTOCOL = { 'phalanx-version': '0.2.0' };

/** Gives every response the protocol's version and the request's id, or a new one, and logs the request when it is over. */
export function identifyAndLog(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const requestId = request.get(REQUEST_ID) ?? randomUUID();
    const started = performance.now();
    const { method, path } = request;
    response.set({ ...PROTOCOL, [REQUEST_ID]: requestId });
    response.once('close', () => {
      const durationMs = Math.round(performance.now() - started);
      const complete = response.writableFinished;
      logger.info({ requestId, method, path, status: response.statusCode, durationMs, complete }, 'request');
    });
    next();
  };
}

/** Compares digests, so that the time taken tells nothing about the key. */
export function requireApiKey(apiKey: string): RequestHandler {
  const expected = digest(apiKey);
  return (request, _response, next) => {
    const given = request.get('x-api-key');
    if (given === undefined) throw new HttpError(401, 'the request has no x-api-key');
    if (!timingSafeEqual(digest(given), expected))
      throw new HttpError(401, 'the x-api-key is not the right one');
    next();
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** A token bucket over all requests: `perSecond` of them, and as many at once (at least one). */
export function limitRate(perSecond: number, now: () => number = () => performance.now()): RequestHandler {
  const capacity = Math.max(1, perSecond);
  let tokens = capacity;
  let filledAt = now();
  return (_request, _response, next) => {
    const at = now();
    tokens = Math.min(capacity, tokens + ((at - filledAt) / 1000) * perSecond);
    filledAt = at;
    if (tokens < 1) {
      const seconds = Math.max(1, Math.ceil((1 - tokens) / perSecond));
      const headers = { 'retry-after': String(seconds) };
      throw new HttpError(429, `over the rate limit, try again in ${seconds} s`, { headers });
    }
    tokens -= 1;
    next();
  };
}

export function delay(latencyMs: number): RequestHandler {
  return async (_request, _response, next) => {
    await sleep(latencyMs);
    next();
  };
}

/** Last but one: no such operation. Known writes are told apart from wrong paths. */
export const notServed: RequestHandler = (request) => {
  if (/^\/v1\/(table|namespace)\/[^/]+\//.test(request.path)) {
    throw new HttpError(501, `${request.method} ${request.path} is not served; lancedb-server only reads`);
  }
  throw new HttpError(404, `${request.method} ${request.path} is not an endpoint`);
};

/** Last: every error becomes the Cloud's JSON; one that comes after the body has begun cuts the body short. */
export function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const answer = toHttpError(error);
    const requestId = response.getHeader(REQUEST_ID);
    if (answer.status === 500 || response.headersSent) {
      logger.error({ requestId, path: request.path, err: answer.cause ?? answer }, 'request failed');
    }
    if (response.headersSent) response.destroy();
    else response.status(answer.status).set(answer.headers).json(answer.toBody());
  };
}
