import { logIntervention, type InterventionOutcome } from '@lance-offload/fleet';
import type { DashboardUser, Logger } from '@lance-offload/base';
import express, {
  Router,
  type ErrorRequestHandler,
  type Request,
  type RequestHandler,
  type Response,
} from 'express';
import { dropSessionCookie, sessionIdOf, setSessionCookie, setTokenCookie } from './cookies.ts';
import { csrfTokenOf, hasToken, makeToken } from './csrf-tokens.ts';
import { localPath } from './local-path.ts';
import { fieldOf, nameOf } from './login-form.ts';
import { limitLogins } from './login-limits.ts';
import { comeAgainHtml, loginHtml, logoutHtml } from './login-html.ts';
import { isPassword, TooManyLoginsError, unmatchableHash } from './passwords.ts';
import type { SessionDeps, Sessions } from './sessions.ts';
import { findVisitor, visitorOf } from './visitor.ts';

export interface LoginDeps extends SessionDeps {
  readonly logger: Logger;
  readonly sessions: Sessions;
}

/** Forms are a name and a password; longer ones are no forms of ours. */
const readForm = express.urlencoded({ extended: false, limit: '8kb' });

const STALE = 'This page was too old, or cookies are switched off. Please try again.';

/** What an unknown user called themselves: cut, because a password may have got into the wrong field. */
const cutName = (name: string): string => `${name.slice(0, 2)}…`;

async function log(
  deps: LoginDeps,
  actor: string,
  action: 'login' | 'logout',
  outcome: InterventionOutcome,
): Promise<void> {
  deps.logger.info({ user: actor, outcome }, action);
  try {
    await logIntervention(deps, { actor, action, target: '', outcome });
  } catch (error) {
    deps.logger.error({ err: error }, 'an intervention could not be logged');
  }
}

function showForm(request: Request, response: Response, status: number, problem: string): void {
  const next = localPath(fieldOf(request, 'next'));
  const token = csrfTokenOf(response);
  const name = nameOf(request).slice(0, 64);
  response.status(status).send(loginHtml({ token, next, problem, isWrong: status === 401, name }));
}

function sayLimited(request: Request, response: Response, retrySeconds: number): void {
  const minutes = Math.ceil(retrySeconds / 60);
  const wait = minutes === 1 ? 'a minute' : `${minutes} minutes`;
  showForm(request, response, 429, `Too many logins have failed. Please try again in ${wait}.`);
}

const answerBusy: ErrorRequestHandler = (error: unknown, request, response, next) => {
  if (!(error instanceof TooManyLoginsError)) {
    next(error);
    return;
  }
  response.set('Retry-After', '10');
  showForm(request, response, 503, 'Too many log in right now. Please try again in a moment.');
};

const requireFormToken: RequestHandler = (request, response, next) => {
  if (hasToken(request, response)) next();
  else showForm(request, response, 403, STALE);
};

/** Checks name and password. One that is unknown takes as long as one that is known. */
async function authenticate(
  { settings: { users } }: LoginDeps,
  decoy: string,
  name: string,
  password: string,
): Promise<{ known: DashboardUser | undefined; user: DashboardUser | undefined }> {
  const known = users.find((user) => user.name.toLowerCase() === name.toLowerCase());
  const matches = await isPassword(password, known?.password_hash ?? decoy);
  return { known, user: matches ? known : undefined };
}

function postLogout(deps: LoginDeps) {
  return async (request: Request, response: Response): Promise<void> => {
    const id = sessionIdOf(request);
    if (id !== undefined) await deps.sessions.end(id);
    dropSessionCookie(request);
    await log(deps, visitorOf(response).name, 'logout', 'done');
    response.redirect(303, '/login');
  };
}

function postLogin(deps: LoginDeps) {
  const decoy = unmatchableHash(deps.settings.users[0]?.password_hash ?? '');
  return async (request: Request, response: Response): Promise<void> => {
    const name = nameOf(request);
    const { known, user } = await authenticate(deps, decoy, name, fieldOf(request, 'password'));
    if (!user) {
      await log(deps, known?.name ?? cutName(name), 'login', 'refused');
      showForm(request, response, 401, 'User name or password is wrong.');
      return;
    }
    const old = sessionIdOf(request);
    if (old !== undefined) await deps.sessions.end(old);
    const id = await deps.sessions.start(user);
    setSessionCookie(request, id, deps.sessions.longestMs);
    setTokenCookie(response, await makeToken(deps, id));
    await log(deps, user.name, 'login', 'done');
    response.redirect(303, localPath(fieldOf(request, 'next')));
  };
}

/** The pages one logs in with; open to everybody. */
export function loginRoutes(deps: LoginDeps): Router {
  const router = Router();
  router.get('/login', (request, response) => {
    const next = localPath(request.query['next']);
    if (findVisitor(response)) response.redirect(next);
    else if (request.get('sec-fetch-site') === 'cross-site')
      response.send(comeAgainHtml(`/login?next=${encodeURIComponent(next)}`));
    else response.send(loginHtml({ token: csrfTokenOf(response), next }));
  });
  router.post('/login', readForm, requireFormToken, limitLogins(sayLimited), postLogin(deps), answerBusy);
  return router;
}

/** The way out; for visitors. */
export function logoutRoutes(deps: LoginDeps): Router {
  const router = Router();
  router.get('/logout', (_request, response) => {
    response.send(logoutHtml(csrfTokenOf(response), visitorOf(response)));
  });
  router.post('/logout', postLogout(deps));
  return router;
}
