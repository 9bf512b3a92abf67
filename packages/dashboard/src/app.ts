import type { Logger, Queues } from '@lance-offload/core';
import express, { type Express } from 'express';
import type { Redis } from 'ioredis';
import { createBoard } from './board.ts';
import { clientFiles, pageNotFound } from './client-files.ts';
import { reportHealth, requireRedis } from './health.ts';
import { logChanges, refuseCrossSite, refuseUnknownHosts, setHeaders } from './request-guards.ts';

export interface DashboardDeps {
  readonly redis: Redis;
  readonly queues: Queues;
  readonly logger: Logger;
  /** Shows only: every request that would change something is refused. */
  readonly readOnly: boolean;
  /** Names the dashboard may be called by, besides `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
}

export const BOARD_PATH = '/queues';

/** The dashboard as a request handler: its pages, Bull Board under `/queues`, and `/healthz`. */
export function createApp({ redis, queues, logger, readOnly, allowedHosts }: DashboardDeps): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(setHeaders, refuseUnknownHosts(allowedHosts), refuseCrossSite, logChanges(logger));
  app.get('/healthz', reportHealth(redis));
  app.use(clientFiles());
  app.use(`${BOARD_PATH}/api`, requireRedis(redis));
  app.use(BOARD_PATH, createBoard(queues, { basePath: BOARD_PATH, readOnly }));
  app.use(pageNotFound());
  return app;
}
