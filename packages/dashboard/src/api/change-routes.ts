import { toOffloadError } from '@lance-offload/base';
import express, { Router, type Request, type Response } from 'express';
import type { NewIntervention } from '@lance-offload/fleet';
import type { ChangeAnswer, FailureFilter, RetryAnswer } from './answers.ts';
import { ApiError, handleAsync, toApiError } from './api-error.ts';
import type { ApiContext } from './api-context.ts';
import { limitsBody, nothing, parseInput, pauseBody, retryBody, type PauseBody } from './inputs.ts';

/** A change that is about to be made. */
interface Change {
  /** In one word, for the log. */
  readonly action: string;
  /** What it is done to; empty where it is the fleet. */
  readonly target: string;
  readonly make: (actor: string) => Promise<ChangeAnswer | RetryAnswer>;
}

const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;

const nameOf = (scope: PauseBody): string => {
  if (scope.scope === 'fleet') return 'The fleet';
  return scope.scope === 'table' ? `Table ${scope.name}` : `Run ${scope.name}`;
};

const targetOf = (scope: PauseBody): string =>
  scope.scope === 'fleet' ? 'fleet' : `${scope.scope} ${scope.name}`;

const runIdOf = (request: Request): string => String(request.params['runId']);

function retryRun(request: Request, { commands }: ApiContext): Change {
  parseInput(nothing, request.body, 'body');
  const runId = runIdOf(request);
  const make = async (): Promise<ChangeAnswer> => {
    const { retried, finished } = await commands.retryRun(runId);
    if (finished) return { message: `Run ${runId} lacked nothing but its report, which is written now.` };
    if (retried === 0) return { message: `Run ${runId} has no failed jobs.` };
    return { message: `${plural(retried, 'failed job')} of run ${runId} got fresh attempts.` };
  };
  return { action: 'retry', target: runId, make };
}

function cancelRun(request: Request, { commands }: ApiContext): Change {
  parseInput(nothing, request.body, 'body');
  const runId = runIdOf(request);
  const make = async (): Promise<ChangeAnswer> => {
    await commands.cancelRun(runId);
    return { message: `Run ${runId} is cancelled; nothing of it is published.` };
  };
  return { action: 'cancel', target: runId, make };
}

function pause(request: Request, { commands }: ApiContext): Change {
  const scope = parseInput(pauseBody, request.body, 'body');
  const make = async (actor: string): Promise<ChangeAnswer> => {
    await commands.pause(scope, actor);
    return {
      message: `${nameOf(scope)} is paused: what is under way is finished, and nothing else is begun.`,
    };
  };
  return { action: 'pause', target: targetOf(scope), make };
}

function resume(request: Request, { commands }: ApiContext): Change {
  const scope = parseInput(pauseBody, request.body, 'body');
  const make = async (): Promise<ChangeAnswer> => {
    const wasPaused = await commands.resume(scope);
    return { message: wasPaused ? `${nameOf(scope)} goes on.` : `${nameOf(scope)} was not paused.` };
  };
  return { action: 'resume', target: targetOf(scope), make };
}

function setLimits(request: Request, { commands }: ApiContext): Change {
  const changes = parseInput(limitsBody, request.body, 'body');
  const make = async (): Promise<ChangeAnswer> => {
    const { concurrency, requestsPerSecond } = await commands.setLimits(changes);
    const pages = concurrency === null ? 'any number of pages' : plural(concurrency, 'page');
    const requests =
      requestsPerSecond === null ? 'as many requests as the source takes' : `${requestsPerSecond} requests`;
    return { message: `The fleet has ${pages} under way at a time, and sends ${requests} a second.` };
  };
  const words = Object.entries(changes).map(([limit, value]) => `${limit}=${value ?? 'none'}`);
  return { action: 'limits', target: words.join(' '), make };
}

/** Code, table, run and step in words; of chosen jobs only how many. */
function filterWords({ jobIds, ...filter }: FailureFilter): string {
  const words = Object.entries(filter).map(([key, value]) => `${key}=${value}`);
  if (jobIds) words.push(plural(jobIds.length, 'job'));
  return words.length === 0 ? 'all failures' : words.join(' ');
}

function retryFailures(request: Request, { retries }: ApiContext): Change {
  const { filter, perSecond } = parseInput(retryBody, request.body, 'body');
  const make = (actor: string): Promise<RetryAnswer> => retries.start(filter, perSecond, actor);
  return { action: 'retry', target: filterWords(filter), make };
}

function stopRetry(request: Request, { retries }: ApiContext): Change {
  parseInput(nothing, request.body, 'body');
  const id = String(request.params['id']);
  const make = async (): Promise<ChangeAnswer> => {
    const stopped = retries.stop(id);
    if (!stopped)
      throw new ApiError(404, 'RETRY_NOT_FOUND', 'There is no such retry under way; it may be done.');
    const { retried, matched } = stopped;
    return {
      message: `Stopped after ${plural(retried, 'job')} of ${matched.toLocaleString('en')}; the others stay failed.`,
    };
  };
  return { action: 'stop retry', target: id, make };
}

async function log(context: ApiContext, intervention: NewIntervention): Promise<void> {
  try {
    await context.watch.within(() => context.commands.logIntervention(intervention));
  } catch (error) {
    context.logger.error({ err: error, ...intervention }, 'an intervention could not be logged');
  }
}

/** Makes a change, logs it, and lets those who look see it at once. */
async function carryOut(change: Change, response: Response, context: ApiContext): Promise<object> {
  const actor = context.actorOf(response);
  const { action, target } = change;
  try {
    const done = await context.watch.within(() => change.make(actor));
    await log(context, { actor, action, target, outcome: 'done' });
    return done;
  } catch (error) {
    const outcome = toApiError(error).status < 500 ? 'refused' : 'failed';
    context.logger.warn({ action, target, code: toOffloadError(error).code }, 'a change was not made');
    await log(context, { actor, action, target, outcome });
    throw error;
  } finally {
    context.state.expire();
    context.overview.expire();
    context.failures.expire();
  }
}

/** What is changed. Access is settled before: whoever gets here may do it. */
export function changeRoutes(context: ApiContext): Router {
  const router = Router();
  const body = express.json({ limit: '1mb', strict: true });
  const post = (path: string, changeOf: (request: Request, context: ApiContext) => Change): void => {
    const handle = async (request: Request, response: Response): Promise<void> => {
      response.json(await carryOut(changeOf(request, context), response, context));
    };
    router.post(path, body, handleAsync(handle));
  };
  post('/runs/:runId/retry', retryRun);
  post('/runs/:runId/cancel', cancelRun);
  post('/control/pause', pause);
  post('/control/resume', resume);
  post('/control/limits', setLimits);
  post('/failures/retry', retryFailures);
  post('/retries/:id/stop', stopRetry);
  return router;
}
