import { MINUTE, rateLimit, type RateLimitRequestHandler } from 'express-rate-limit';
import type { Request, RequestHandler, Response } from 'express';
import { nameOf } from './login-form.ts';
import { sha256 } from './secret-text.ts';

const WINDOW_MS = 15 * MINUTE;

/** Failed logins within the window. A user’s name gets more, so that one address alone cannot shut a user out. */
export const LIMITS = { address: 10, name: 30 };

const byName = (request: Request): string => sha256(nameOf(request).toLowerCase()).toString('base64url');

export type OnLimited = (request: Request, response: Response, retrySeconds: number) => void;

/** Refuses logins where too many have failed, before the password is looked at. */
export function limitLogins(onLimited: OnLimited): RequestHandler[] {
  const limit = (most: number, key?: (request: Request) => string): RateLimitRequestHandler =>
    rateLimit({
      windowMs: WINDOW_MS,
      limit: most,
      skipSuccessfulRequests: true,
      standardHeaders: false,
      legacyHeaders: false,
      requestPropertyName: 'loginLimit',
      ...(key && { keyGenerator: key }),
      // Whether proxies are trusted is a matter of --trust-proxy; who sends such headers without must not fill the log.
      validate: { xForwardedForHeader: false, forwardedHeader: false, trustProxy: false },
      handler: (request, response) => {
        const { resetTime } = (request as Request & { loginLimit: { resetTime?: Date } }).loginLimit;
        const seconds = Math.max(1, Math.ceil(((resetTime?.getTime() ?? 0) - Date.now()) / 1000));
        response.set('Retry-After', String(seconds));
        onLimited(request, response, seconds);
      },
    });
  return [limit(LIMITS.address), limit(LIMITS.name, byName)];
}
