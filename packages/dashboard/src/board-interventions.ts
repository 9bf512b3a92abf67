import { logIntervention, type InterventionOutcome } from '@lance-offload/fleet';
import type { Logger } from '@lance-offload/base';
import type { Request, RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import { visitorOf } from './access/visitor.ts';
import { changesState } from './request-guards.ts';

function outcomeOf(status: number): InterventionOutcome {
  if (status < 400) return 'done';
  return status < 500 ? 'refused' : 'failed';
}

/** Method and route of a change, and the queue and job of its path. Undefined where no route was there for it. */
function describe(request: Request): { action: string; target: string } | undefined {
  const route: unknown = Reflect.get(request.route ?? {}, 'path'); // Express’ types leave the route open
  if (typeof route !== 'string') return undefined;
  const { queueName, jobId } = request.params;
  return {
    action: `${request.method} ${route}`,
    target: [queueName, jobId].filter((part) => typeof part === 'string').join(' '),
  };
}

/** Logs what was changed from the board, and by whom. The API’s own routes log in words of their own. */
export function logBoardChanges(deps: {
  readonly redis: Redis;
  readonly prefix: string;
  readonly logger: Logger;
}): RequestHandler {
  return (request, response, next) => {
    if (changesState(request)) {
      const { name: actor } = visitorOf(response);
      response.once('finish', () => {
        const described = describe(request);
        if (!described) return;
        logIntervention(deps, { actor, ...described, outcome: outcomeOf(response.statusCode) }).catch(
          (error: unknown) => deps.logger.error({ err: error }, 'an intervention could not be logged'),
        );
      });
    }
    next();
  };
}
