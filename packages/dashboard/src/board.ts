import { createBullBoard } from '@bull-board/api';
import type { ControllerHandlerReturnType, HookContext } from '@bull-board/api/typings/app';
import { ExpressAdapter } from '@bull-board/express';
import type { Queues } from '@lance-offload/core';
import type { Queue } from 'bullmq';
import type { Express } from 'express';
import { formatFlow } from './board-formatters.ts';
import { refuseUnsafeChanges } from './board-rules.ts';
import { OffloadQueueAdapter } from './queue-adapter.ts';

export interface BoardOptions {
  readonly basePath: string;
  readonly readOnly: boolean;
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

/** Bull Board over the queues of the fleet, in the order a run passes through them. */
export function createBoard(queues: Queues, { basePath, readOnly }: BoardOptions): Express {
  const serverAdapter = new ExpressAdapter().setBasePath(basePath);
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
      handlerHooks: { before: (context) => refuseUnsafeChanges(context, readOnly), after: formatAnswer },
      uiConfig: {
        boardTitle: 'lance-offload',
        hideDocsLink: true,
        showMetrics: true,
        sortQueues: false,
        miscLinks: [{ text: 'Overview', url: '/' }],
      },
    },
  });
  const board: Express = serverAdapter.getRouter();
  board.disable('x-powered-by');
  return board;
}
