import { existsSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import express, { type RequestHandler, type Router } from 'express';
import { KEEP_FOR_GOOD } from './headers.ts';

/** The built pages, from `src` and from `dist` alike. */
const BUILT = path.resolve(import.meta.dirname, '../dist/client');

const PAGE_PATHS = ['/', '/runs/:runId', '/failures', '/control'];

const NOT_BUILT =
  'The dashboard’s pages were not built. Run `npm run setup` in the repository (it ends with `vite build` in packages/dashboard). The queues are under /queues all the same.\n';

function servePage(folder: string, status: 200 | 404): RequestHandler {
  return (_request, response) => {
    if (existsSync(path.join(folder, 'index.html')))
      response.status(status).sendFile('index.html', { root: folder, cacheControl: false });
    else response.status(503).type('text/plain').send(NOT_BUILT);
  };
}

function keepForGood(response: ServerResponse): void {
  response.setHeader('Cache-Control', KEEP_FOR_GOOD);
}

/** The pages of the dashboard. Their files have a hash in the name and are kept for a year; the page itself is asked for each time. */
export function clientFiles(folder: string = BUILT): Router {
  const router = express.Router();
  router.get(PAGE_PATHS, servePage(folder, 200));
  const assets = express.static(path.join(folder, 'assets'), { index: false, setHeaders: keepForGood });
  router.use('/assets', assets, (_request, response) => {
    response.sendStatus(404);
  });
  return router;
}

/** After all other routes: the page that says there is none, for whoever looks with a browser. */
export function pageNotFound(folder: string = BUILT): RequestHandler {
  const serve = servePage(folder, 404);
  return (request, response, next) => {
    const isForEyes = request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
    if (isForEyes && !request.path.startsWith('/api/')) serve(request, response, next);
    else next();
  };
}
