import { Router, type Request, type RequestHandler } from 'express';
import type { Interventions, FailedJobs, Failures } from './answers.ts';
import type { ApiContext } from './api-context.ts';
import { handleAsync } from './api-error.ts';
import { describeFailures } from './failure-facts.ts';
import { groupFailures } from './failure-groups.ts';
import { findRecord } from './find-record.ts';
import {
  interventionsQuery,
  failedJobsQuery,
  failuresQuery,
  pagesQuery,
  parseIndex,
  parseInput,
} from './inputs.ts';
import { cutCells } from './page-cells.ts';
import { pageDetail } from './page-detail.ts';
import { readStates } from './page-states.ts';
import { runDetail } from './run-detail.ts';

/** Answers with what is read, or with 503 at once while Redis is away. */
function answer(context: ApiContext, read: (request: Request) => Promise<object>): RequestHandler {
  return handleAsync(async (request, response) => {
    const value = await context.watch.within(() => read(request));
    response.set('Cache-Control', 'no-store').json(value);
  });
}

async function recordOf(request: Request, { state, fleet, freshMs }: ApiContext) {
  await state.refresh(freshMs);
  return findRecord(String(request.params['runId']), state, fleet);
}

async function failuresOf(request: Request, context: ApiContext): Promise<Failures> {
  const filter = parseInput(failuresQuery, request.query, 'query');
  const { state, fleet, retries, freshMs } = context;
  await state.refresh(freshMs);
  const found = state.index.find(filter);
  const groups = await groupFailures(found, fleet);
  return { atMs: state.nowMs, total: found.length, groups, retries: retries.list() };
}

async function failedJobsOf(request: Request, { state, fleet, freshMs }: ApiContext): Promise<FailedJobs> {
  const { offset, limit, ...filter } = parseInput(failedJobsQuery, request.query, 'query');
  await state.refresh(freshMs);
  const found = state.index.find(filter);
  const newest = found.toSorted((a, b) => b.atMs - a.atMs || (a.jobId < b.jobId ? -1 : 1));
  return { total: found.length, jobs: await describeFailures(newest.slice(offset, offset + limit), fleet) };
}

async function interventionsOf(request: Request, { commands }: ApiContext): Promise<Interventions> {
  const { limit } = parseInput(interventionsQuery, request.query, 'query');
  return { actions: await commands.readInterventions(limit) };
}

/** What is shown. */
export function readRoutes(context: ApiContext): Router {
  const { state, fleet } = context;
  const router = Router();
  const get = (path: string, read: (request: Request) => Promise<object>): unknown =>
    router.get(path, answer(context, read));
  get('/overview', () => context.overview.get(context.freshMs));
  get('/runs/:runId', async (request) => runDetail(await recordOf(request, context), context));
  get('/runs/:runId/pages', async (request) => {
    const { from, to } = parseInput(pagesQuery, request.query, 'query');
    return cutCells(await readStates(await recordOf(request, context), state, fleet), from, to);
  });
  get('/runs/:runId/pages/:index', async (request) => {
    const index = parseIndex(request.params['index']);
    return pageDetail(await recordOf(request, context), index, context);
  });
  get('/failures', (request) => failuresOf(request, context));
  get('/failures/jobs', (request) => failedJobsOf(request, context));
  get('/actions', (request) => interventionsOf(request, context));
  return router;
}
