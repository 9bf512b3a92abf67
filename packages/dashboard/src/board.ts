import { createBullBoard } from '@bull-board/api';
import type { ControllerHandlerReturnType, HookContext } from '@bull-board/api/typings/app';
import type { Queues } from '@lance-offload/fleet';
import type { Queue } from 'bullmq';
import { Router, type Express, type RequestHandler } from 'express';
import { visitorOf } from './access/visitor.ts';
import { formatFlow } from './board-formatters.ts';
import { refuseUnsafeChanges } from './board-rules.ts';
import { BoardServer } from './board-server.ts';
import { setBoardPolicy } from './headers.ts';
import { OffloadQueueAdapter } from './queue-adapter.ts';

export interface BoardOptions {
  readonly basePath: string;
  /** Whether there is a login, and so a way out. */
  readonly hasLogin: boolean;
}

const FLOW = '/api/queues/:queueName/:jobId/flow';

/** The board’s formatters are not asked for its flow graph. */
function formatAnswer(
  { route }: HookContext,
  answer: ControllerHandlerReturnType,
): ControllerHandlerReturnType {
  if (route !== FLOW || typeof answer.body !== 'object' || !('flowRoot' in answer.body)) return answer;
  return { ...answer, body: { ...answer.body, flowRoot: formatFlow(answer.body['flowRoot']) } };
}

function createOneBoard(queues: Queues, { basePath, hasLogin }: BoardOptions, readOnly: boolean): Express {
  const serverAdapter = new BoardServer();
  serverAdapter.setBasePath(basePath);
  const adapt = (queue: Queue, description: string) =>
    new OffloadQueueAdapter(queue, { readOnlyMode: readOnly, description });
  createBullBoard({
    queues: [
      adapt(queues.schedule, 'Starts a run of a table when its schedule comes due'),
      adapt(queues.plan, 'Pins a table at a version and cuts it into pages'),
      adapt(queues.page, 'Fetches a page and stages it as Parquet'),
      adapt(queues.commit, 'Audits a run and publishes it; waits for all its pages'),
    ],
    serverAdapter,
    options: {
      handlerHooks: { before: refuseUnsafeChanges, after: formatAnswer },
      uiConfig: {
        boardTitle: 'lance-offload',
        hideDocsLink: true,
        showMetrics: true,
        sortQueues: false,
        miscLinks: [
          { text: 'Overview', url: '/' },
          ...(hasLogin ? [{ text: 'Log out', url: '/logout' }] : []),
        ],
      },
    },
  });
  return serverAdapter.board;
}

const operatorsOnly: RequestHandler = (_request, response, next) => {
  if (visitorOf(response).role === 'operator') next();
  else next('router');
};

/**
 * Bull Board over the queues of the fleet, in the order a run passes through them: one with its buttons for operators, and
 * one without for viewers.
 */
export function createBoards(queues: Queues, options: BoardOptions): Router {
  const forOperators = Router().use(operatorsOnly, createOneBoard(queues, options, false));
  return Router().use(setBoardPolicy, forOperators, createOneBoard(queues, options, true));
}
