import { placeOfJob } from '@lance-offload/fleet';
import type { BeforeHookResult, HookContext } from '@bull-board/api/typings/app';

/** What an operator may do from the board: none of it can cost a run a page. All other changes are refused. */
const ALLOWED_CHANGES: ReadonlySet<string> = new Set([
  '/api/queues/pause',
  '/api/queues/resume',
  '/api/queues/:queueName/pause',
  '/api/queues/:queueName/resume',
  '/api/queues/:queueName/concurrency',
  '/api/queues/:queueName/rate-limit',
  '/api/queues/:queueName/rate-limit/release',
  '/api/queues/:queueName/promote',
  '/api/queues/:queueName/retry/:queueStatus',
  '/api/queues/:queueName/:jobId/promote',
  '/api/queues/:queueName/:jobId/retry',
]);

const REMOVALS: ReadonlySet<string> = new Set([
  '/api/queues/:queueName/clean/:queueStatus',
  '/api/queues/:queueName/empty',
  '/api/queues/:queueName/obliterate',
  '/api/queues/:queueName/:jobId/clean',
  '/api/queues/:queueName/:jobId/remove-unprocessed-children',
]);

function runIdOf(jobId: unknown): string {
  return (typeof jobId === 'string' ? placeOfJob(jobId)?.runId : undefined) ?? 'RUN';
}

function reasonFor({ route, request }: HookContext): string {
  if (REMOVALS.has(route)) {
    return (
      'Jobs are not deleted from here: a run’s commit waits for its pages, and a deleted page would let it go on ' +
      `without. To give a run up, use \`lance-offload cancel ${runIdOf(request.params['jobId'])}\`.`
    );
  }
  return 'Jobs are not added or altered from here: a run follows its plan. Start runs with `lance-offload run`.';
}

/**
 * Stands before every route of Bull Board. An allow-list, so that what a later release of Bull Board adds is refused
 * until it is looked at.
 */
export function refuseUnsafeChanges(context: HookContext): BeforeHookResult {
  const { method, route, request } = context;
  if (method === 'get') return { allow: true };
  if (!ALLOWED_CHANGES.has(route)) return { allow: false, status: 403, message: reasonFor(context) };
  const { queueStatus } = request.params;
  if (queueStatus !== undefined && queueStatus !== 'failed') {
    return {
      allow: false,
      status: 403,
      message: 'Only failed jobs are retried: what is completed is in the lake.',
    };
  }
  return { allow: true };
}
