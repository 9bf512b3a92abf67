import express, { type Express } from 'express';
import { createAccess } from './access/access.ts';
import { visitorOf } from './access/visitor.ts';
import { answerErrors } from './answer-errors.ts';
import { createContext } from './api/api-context.ts';
import { createApi } from './api/create-api.ts';
import { logBoardChanges } from './board-interventions.ts';
import { createBoards } from './board.ts';
import { clientFiles, pageNotFound } from './client-files.ts';
import type { DashboardDeps } from './dashboard-deps.ts';
import { setHeaders } from './headers.ts';
import { reportAlive, reportReady } from './health.ts';
import { createMetrics } from './metrics/metrics.ts';
import { logChanges, refuseUnknownHosts } from './request-guards.ts';

export const BOARD_PATH = '/queues';

/** The dashboard as a request handler: its pages, their API under `/api`, Bull Board under `/queues` for those who may see it, and the state of its health for all. */
export function createApp(deps: DashboardDeps): Express {
  const { redis, queues, logger, settings, allowedHosts, trustProxy } = deps;
  const access = createAccess(deps);
  const app = express();
  app.disable('x-powered-by').set('trust proxy', trustProxy ? 1 : false);
  app.use(setHeaders, refuseUnknownHosts(allowedHosts), logChanges(logger));
  // For everybody, and without Redis.
  app.get('/healthz', reportAlive);
  app.get('/readyz', reportReady(redis));
  app.use('/metrics', access.allowScrape);
  const context = createContext({ ...deps, fleet: deps, actorOf: (response) => visitorOf(response).name });
  app.use(createMetrics({ ...deps, state: context.state }));
  app.use(access.open, access.closed);
  // For visitors; changes are an operator’s.
  app.use(clientFiles());
  app.use('/api', createApi(context));
  app.use(BOARD_PATH, logBoardChanges(deps));
  app.use(BOARD_PATH, createBoards(queues, { basePath: BOARD_PATH, hasLogin: settings.users.length > 0 }));
  app.use(pageNotFound(), answerErrors(logger));
  return app;
}
