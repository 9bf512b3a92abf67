import type { Fleet, Logger } from '@lance-offload/core';
import express, { type Express } from 'express';
import { createApi } from './api/create-api.ts';
import { createBoard } from './board.ts';
import { reportHealth, requireRedis } from './health.ts';
import { logChanges, refuseCrossSite, refuseUnknownHosts, setHeaders } from './request-guards.ts';

export interface DashboardDeps extends Fleet {
  readonly logger: Logger;
  /** Shows only: every request that would change something is refused. */
  readonly readOnly: boolean;
  /** Names the dashboard may be called by, besides `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** Ends live streams and what feeds them. */
  readonly signal?: AbortSignal;
}

export const BOARD_PATH = '/queues';

/** The dashboard as a request handler: its API under `/api`, Bull Board under `/queues`, and `/healthz`. */
export function createApp(deps: DashboardDeps): Express {
  const { redis, queues, logger, readOnly, allowedHosts } = deps;
  const app = express();
  app.disable('x-powered-by');
  app.use(setHeaders, refuseUnknownHosts(allowedHosts), refuseCrossSite, logChanges(logger));
  app.get('/healthz', reportHealth(redis));
  app.get('/', (_request, response) => response.redirect(BOARD_PATH));
  app.use('/api', createApi({ ...deps, fleet: deps }));
  app.use(`${BOARD_PATH}/api`, requireRedis(redis));
  app.use(BOARD_PATH, createBoard(queues, { basePath: BOARD_PATH, readOnly }));
  return app;
}
