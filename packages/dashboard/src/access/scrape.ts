import type { RequestHandler } from 'express';
import { refuse } from '../refusal.ts';
import { isSameText } from './secret-text.ts';
import { findVisitor } from './visitor.ts';

/** Lets in a scraper with the token, else whom `identify` knows. Needs no Redis for the token. */
export function allowScrape(metricsToken: string | undefined, identify: RequestHandler): RequestHandler {
  return async (request, response, next) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (metricsToken !== undefined && token !== undefined && isSameText(token, metricsToken)) {
      next();
      return;
    }
    await identify(request, response, (error?: unknown) => {
      if (error !== undefined) next(error);
      else if (findVisitor(response)) next();
      else {
        response.set('WWW-Authenticate', 'Bearer');
        refuse(
          response,
          401,
          'Send `Authorization: Bearer` with dashboard.metrics_token, or log in at /login.',
        );
      }
    });
  };
}
