import type { Request, RequestHandler } from 'express';
import { changesState } from '../request-guards.ts';
import { refuse } from '../refusal.ts';
import { findVisitor, visitorOf } from './visitor.ts';

/** Whether a browser wants a page to show, rather than a script an answer to work with. */
function isNavigation(request: Request): boolean {
  const mode = request.get('sec-fetch-mode');
  return (
    ['GET', 'HEAD'].includes(request.method) &&
    (mode === undefined || mode === 'navigate') &&
    request.accepts(['json', 'html']) === 'html'
  );
}

/** Lets in who has logged in. A browser is led to the login, and from there back to the page it asked for. */
export const requireVisitor: RequestHandler = (request, response, next) => {
  if (findVisitor(response)) next();
  else if (isNavigation(request)) response.redirect(`/login?next=${encodeURIComponent(request.originalUrl)}`);
  else refuse(response, 401, 'You are not logged in, or your session has ended. Log in at /login.');
};

/** Lets viewers read, and operators also change. */
export function requireOperator(readOnly: boolean): RequestHandler {
  return (request, response, next) => {
    const { name, role } = visitorOf(response);
    if (role === 'operator' || !changesState(request)) {
      next();
      return;
    }
    const reason = readOnly
      ? 'The dashboard was started with --read-only: it shows, and changes nothing.'
      : `${name} is a viewer, and changes are for operators. Roles are in the configuration, under dashboard.users.`;
    refuse(response, 403, reason);
  };
}
