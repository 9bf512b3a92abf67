import { setInterval } from 'node:timers';
import express, { type Express, type Request, type Response } from 'express';
import type {
  FailureFilter,
  Failures,
  OverviewPatch,
  RetryProgress,
  SessionAnswer,
} from '../../src/api/answers.ts';
import { clientFiles, pageNotFound } from '../../src/client-files.ts';
import { setHeaders } from '../../src/headers.ts';
import { groupsAt, jobsOf, overviewAt, runIdOf, type Scenario } from './fixture-fleet.ts';
import { cellsOf, pageAt, runAt } from './fixture-run.ts';

export interface FixtureOptions {
  readonly scenario: Scenario;
  readonly role?: SessionAnswer['role'];
  /** Milliseconds between two patches; with each of them a second of work has passed. */
  readonly tickMs?: number;
}

/** Every change that was asked for, with its token. */
export interface AskedChange {
  readonly path: string;
  readonly token: string | undefined;
  readonly body: unknown;
}

export interface Fixture {
  readonly app: Express;
  readonly asked: AskedChange[];
  /** Streams of a topic, old and new ones, stay open and say nothing more; null: all speak again. */
  hush(topic: 'overview' | 'run' | null): void;
  /** What every stream says from now on. */
  setRedis(redis: 'ok' | 'lost'): void;
  close(): void;
}

type Query = Readonly<Record<string, string | undefined>>;

function chosen({ code, table, runId }: Query | FailureFilter, scenario: Scenario) {
  return groupsAt(scenario).filter(
    (group) =>
      (!code || group.code === code) &&
      (!table || group.table === table) &&
      (!runId || group.runs.includes(runId)),
  );
}

function send(response: Response, event: string, data: unknown): void {
  response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function patchOf(scenario: Scenario, second: number, fleetPaused: boolean): OverviewPatch {
  const next = overviewAt(scenario, second, fleetPaused);
  return {
    ...next,
    points: next.points.slice(-2),
    tables: next.tables.filter((_, index) => index % 4 === second % 4 || index < 10),
    runs: next.runs.slice(0, 5),
    gone: { tables: [], workers: [], runs: [] },
  };
}

/** A dashboard with canned answers that move, to look at its pages without a fleet. */
export function createFixture({ scenario, role = 'operator', tickMs = 1000 }: FixtureOptions): Fixture {
  const streams = new Set<{ readonly response: Response; readonly query: Query }>();
  const asked: AskedChange[] = [];
  const pausedRuns = new Set<string>([runIdOf('images_03')]);
  const began = Date.now();
  let fleetPaused = false;
  let redis: 'ok' | 'lost' = 'ok';
  let hushed: string | null = null;
  let sinceMs = Date.now();
  const second = (): number => Math.floor((Date.now() - began) / tickMs);
  const overview = () => overviewAt(scenario, second(), fleetPaused);
  const retries = (): RetryProgress[] =>
    scenario === 'busy'
      ? [
          {
            id: 'r1',
            filter: { code: 'SOURCE_UNAVAILABLE', table: 'chunks' },
            perSecond: 5,
            matched: 400,
            retried: Math.min(400, 120 + second() * 5),
            by: 'ada',
            startedAtMs: began - 24_000,
          },
        ]
      : [];
  const failures = (query: Query): Failures => {
    const groups = chosen(query, scenario);
    return {
      atMs: Date.now(),
      total: groups.reduce((sum, { count }) => sum + count, 0),
      groups,
      retries: retries(),
    };
  };
  const tell = (response: Response, query: Query, isFirst: boolean): void => {
    if (redis === 'lost' || query['topic'] === hushed) return;
    if (query['topic'] === 'overview') {
      if (isFirst) send(response, 'snapshot', overview());
      else send(response, 'patch', patchOf(scenario, second(), fleetPaused));
    }
    if (query['topic'] === 'failures') send(response, 'failures', failures({}));
    const run = query['topic'] === 'run' ? runAt(overview(), query['run'] ?? '', pausedRuns) : undefined;
    if (run) send(response, 'run', run);
  };
  const timer = setInterval(() => {
    for (const { response, query } of streams) tell(response, query, false);
  }, tickMs);

  const app = express();
  app.use(setHeaders, clientFiles());
  app.use(express.json());
  app.get('/api/session', (_request, response) => {
    response.cookie('XSRF-TOKEN', 'token-of-the-session');
    response.json({
      user: role === 'viewer' ? 'grace' : 'ada',
      role,
      canLogOut: true,
    } satisfies SessionAnswer);
  });
  app.get('/api/events', (request, response) => {
    const stream = { response, query: request.query as Query };
    response.set({ 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' }).flushHeaders();
    if (stream.query['topic'] !== hushed) {
      send(response, 'alive', {});
      send(response, 'status', { redis, sinceMs });
    }
    tell(response, stream.query, true);
    streams.add(stream);
    request.on('close', () => streams.delete(stream));
  });
  app.get('/api/failures', (request, response) => response.json(failures(request.query as Query)));
  app.get('/api/failures/jobs', (request, response) => {
    const query = request.query as Query;
    const [group] = chosen(query, scenario);
    response.json({
      total: group?.count ?? 0,
      jobs: group ? jobsOf(group, Number(query['offset']), Number(query['limit'])) : [],
    });
  });
  const rowOf = (request: Request) =>
    overview().tables.find(({ runId }) => runId === request.params['runId']);
  app.get('/api/runs/:runId', (request, response) => {
    const run = runAt(overview(), request.params.runId, pausedRuns);
    if (run) response.json(run);
    else response.status(404).json({ error: { code: 'RUN_NOT_FOUND', message: 'There is no such run.' } });
  });
  app.get('/api/runs/:runId/pages', (request, response) => {
    const row = rowOf(request);
    const { from, to } = request.query as Query;
    if (row) response.json(cellsOf(row, Number(from), Number(to)));
  });
  app.get('/api/runs/:runId/pages/:index', (request, response) => {
    const row = rowOf(request);
    if (row) response.json(pageAt(row, Number(request.params.index)));
  });
  app.get('/api/actions', (_request, response) => {
    const actions = asked.map(({ path, body }, index) => ({
      atMs: Date.now() - index * 1000,
      actor: 'ada',
      action: path.slice(5),
      target: JSON.stringify(body),
      outcome: 'done',
    }));
    const earlier = [
      { atMs: began - 720_000, actor: 'ada', action: 'pause', target: 'table reviews', outcome: 'done' },
      {
        atMs: began - 4_100_000,
        actor: 'grace',
        action: 'retry',
        target: 'SOURCE_SHORT in tickets',
        outcome: 'retried 41 of 41',
      },
    ];
    response.json({ actions: scenario === 'empty' ? actions : [...actions.toReversed(), ...earlier] });
  });
  app.post('/api/{*path}', (request, response) => {
    const { path, body } = request;
    asked.push({ path, token: request.get('x-xsrf-token'), body });
    if (path === '/api/control/pause' && body.scope === 'fleet') fleetPaused = true;
    if (path === '/api/control/resume' && body.scope === 'fleet') fleetPaused = false;
    if (path === '/api/control/pause' && body.scope === 'run') pausedRuns.add(body.name);
    if (path === '/api/control/resume' && body.scope === 'run') pausedRuns.delete(body.name);
    if (path === '/api/failures/retry') {
      const matched = chosen(body.filter, scenario).reduce((sum, { count }) => sum + count, 0);
      response.json({
        matched,
        retried: body.perSecond ? 0 : matched,
        retryId: body.perSecond ? 'r2' : null,
      });
    } else if (path.endsWith('/cancel')) {
      response
        .status(409)
        .json({ error: { code: 'RUN_CLOSED', message: 'The run has ended.', hint: 'Start a new one.' } });
    } else response.json({ message: `Done: ${path.slice(5)}.` });
  });
  app.use(pageNotFound());
  return {
    app,
    asked,
    hush(topic) {
      hushed = topic;
    },
    setRedis(next) {
      redis = next;
      sinceMs = Date.now();
      for (const { response, query } of streams) {
        send(response, 'status', { redis, sinceMs });
        tell(response, query, true);
      }
    },
    close() {
      clearInterval(timer);
      for (const { response } of streams) response.end();
    },
  };
}
