import type { IncomingMessage } from 'node:http';
import type { Connection } from '@lancedb/lancedb';
import express from 'express';
import type { Express, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { answerErrors, delay, identifyAndLog, limitRate, notServed, requireApiKey } from './middleware.ts';
import { listTables } from './routes/list-tables.ts';
import { explainPlan, runQuery } from './routes/query.ts';
import type { QueryLimits } from './routes/query.ts';
import { countRows, describeTable, listIndexes, listVersions, tableStats } from './routes/table-facts.ts';

export interface AppOptions extends QueryLimits {
  /** Clients must send it as `x-api-key`; without one, every request is let in. */
  apiKey?: string | undefined;
  latencyMs?: number | undefined;
  /** Requests per second; more are answered 429. */
  rateLimit?: number | undefined;
  /** Runs before the routes, for tests that need faults. */
  intercept?: RequestHandler | undefined;
}

/** A vector is sent as decimal text: this is room for about a thousand of a thousand numbers. */
const MAX_BODY = '16mb';

/** Clients need not say that they send JSON; only a write's body is known to be something else. */
function isNotArrow(request: IncomingMessage): boolean {
  return !request.headers['content-type']?.includes('arrow');
}

export function createApp(db: Connection, options: AppOptions, logger: Logger): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag');
  app.use(identifyAndLog(logger));
  if (options.apiKey !== undefined) app.use(requireApiKey(options.apiKey));
  if (options.rateLimit !== undefined) app.use(limitRate(options.rateLimit));
  if (options.latencyMs) app.use(delay(options.latencyMs));
  app.use(express.json({ limit: MAX_BODY, type: isNotArrow }));
  if (options.intercept) app.use(options.intercept);

  app.get('/v1/table', listTables(db));
  app.get('/v1/namespace/:namespace/table/list', listTables(db));
  app.post('/v1/table/:table/describe', describeTable(db));
  app.post('/v1/table/:table/count_rows', countRows(db));
  app.post('/v1/table/:table/stats', tableStats(db));
  app.post('/v1/table/:table/version/list', listVersions(db));
  app.post('/v1/table/:table/index/list', listIndexes(db));
  app.post('/v1/table/:table/query', runQuery(db, options));
  app.post('/v1/table/:table/explain_plan', explainPlan(db, options));

  app.use(notServed);
  app.use(answerErrors(logger));
  return app;
}
