import { Router } from 'express';
import type { ApiContext } from './api-context.ts';
import { answerErrors, answerUnknown } from './api-error.ts';
import { changeRoutes } from './change-routes.ts';
import { readRoutes } from './read-routes.ts';
import { streamRoutes } from './stream-routes.ts';

/**
 * The dashboard's JSON API and its live streams, as `answers.ts` describes them; to be mounted at `/api`, behind whatever
 * says who may look and who may change.
 */
export function createApi(context: ApiContext): Router {
  const router = Router();
  router.use(readRoutes(context), streamRoutes(context));
  router.use(changeRoutes(context));
  router.use(answerUnknown, answerErrors(context.logger));
  return router;
}
