import express, { Router, type RequestHandler } from 'express';
import type { SessionAnswer } from '../api/answers.ts';
import type { DashboardDeps } from '../dashboard-deps.ts';
import { requireRedis } from '../health.ts';
import { refuseCrossSite } from '../request-guards.ts';
import { issueToken, requireToken } from './csrf-tokens.ts';
import { identifyAsLocal, identifyBySession } from './identify.ts';
import { loginRoutes, logoutRoutes } from './login-routes.ts';
import { STYLE_PATH } from './login-html.ts';
import { LOGIN_STYLE } from './login-style.ts';
import { requireOperator, requireVisitor } from './require.ts';
import { allowScrape } from './scrape.ts';
import { Sessions } from './sessions.ts';
import { visitorOf } from './visitor.ts';

/** The dashboard’s doors. What is mounted before `open` asks nobody who they are. */
export interface Access {
  /** Guards `GET /metrics`: the token of the configuration, or a visitor. Goes before `open`, because it needs no Redis. */
  readonly allowScrape: RequestHandler;
  /** Finds out who a request is from, and has the login. */
  readonly open: Router;
  /** Everything after it has a visitor (`visitorOf`), and a change comes from an operator and from the dashboard’s own pages. */
  readonly closed: Router;
}

/** Who may do what. Without users there is no login, and whoever reaches the dashboard is the operator `local`. */
export function createAccess(deps: DashboardDeps): Access {
  const { redis, settings, readOnly } = deps;
  const hasLogin = settings.users.length > 0;
  const sessions = new Sessions(deps);
  const identify = hasLogin
    ? Router().use(requireRedis(redis), identifyBySession(sessions, deps))
    : identifyAsLocal(deps);
  const login = { ...deps, sessions };

  const open = Router();
  open.get(STYLE_PATH, (_request, response) => {
    response.set('Cache-Control', 'public, max-age=3600').type('css').send(LOGIN_STYLE);
  });
  open.use(refuseCrossSite, requireRedis(redis), identify, issueToken(deps, hasLogin));
  if (hasLogin) open.use(loginRoutes(login));

  const closed = Router();
  closed.use(requireVisitor);
  if (hasLogin) closed.use('/logout', express.urlencoded({ extended: false, limit: '8kb' }));
  closed.use(requireToken);
  closed.get('/api/session', (_request, response) => {
    const { name: user, role } = visitorOf(response);
    const answer: SessionAnswer = { user, role, canLogOut: hasLogin };
    response.json(answer);
  });
  if (hasLogin) closed.use(logoutRoutes(login));
  closed.use(requireOperator(readOnly));

  return { allowScrape: allowScrape(settings.metrics_token, identify), open, closed };
}
