import {
  beat,
  commitJobId,
  recordReport,
  recordRetry,
  recordStaged,
  recordStep,
  type Beat,
} from '@lance-offload/fleet';
import { FORMAT_VERSION } from '@lance-offload/delta';
import { PAYLOAD_VERSION } from '@lance-offload/core';
import { expect } from 'vitest';
import { fleetCommands } from '../../src/api/fleet-commands.ts';
import type { Control, Overview, TableRow } from '../../src/api/answers.ts';
import type { RunDetail } from '../../src/api/run-answers.ts';
import { apiTest, planOf, publishedReport } from './api-fixture.ts';
import { followOverview } from './apply-patch.ts';

const test = apiTest;

const standing: Beat = {
  id: 'host-a:17',
  host: 'host-a',
  pid: 17,
  version: '1',
  concurrency: 2,
  threads: 1,
  startedAtMs: 1,
  rssBytes: 5,
  heapBytes: 3,
  pages: 2,
  rows: 20,
  bytes: 2000,
  failures: 1,
  state: 'working',
  work: [],
};

const DOCUMENTS_PAUSED: Control = {
  fleetPaused: false,
  pausedTables: ['documents'],
  pausedRuns: [],
  concurrency: null,
  requestsPerSecond: null,
};

const rowOf = ({ tables }: Overview, table: string): TableRow | undefined =>
  tables.find((row) => row.table === table);

test('a table’s pages stand as records, failed sets and heartbeats have them, and sum up to all', async ({
  rig,
}) => {
  const plan = planOf('documents');
  await rig.start(plan);
  await rig.fail('page', 'SOURCE_REJECTED', 1);
  await recordStaged({ runId: plan.runId, index: 3, rows: 10, bytes: 1000 }, rig.fleet);
  await recordStaged({ runId: plan.runId, index: 4, rows: 5, bytes: 500 }, rig.fleet);
  const work = [{ runId: plan.runId, table: 'documents', page: 1, sinceMs: Date.now() }];
  await beat({ ...standing, work }, {}, rig.fleet);

  const { status, body } = await rig.get('/overview');
  expect(status).toBe(200);
  expect(rowOf(body, 'documents')).toMatchObject({
    runId: plan.runId,
    state: 'staging',
    pages: { total: 5, staged: 2, active: 1, failed: 1, waiting: 1 },
    rows: 15,
    expectedRows: 45,
    finishedAtMs: null,
  });
  expect(body.fleet).toMatchObject({
    pagesInFlight: 1,
    failures: 1,
    workers: { working: 1, lost: 0, stopped: 0 },
  });
  expect(body.workers).toMatchObject([{ id: 'host-a:17', state: 'working', work }]);
  expect(body.workers[0]).not.toHaveProperty('heapBytes');
  expect(body.queues.find(({ name }) => name === 'page')).toMatchObject({
    waiting: 4,
    failed: 1,
    paused: false,
  });
  expect(body.queues.find(({ name }) => name === 'commit')).toMatchObject({ waitingChildren: 1 });
  expect(body.runs).toMatchObject([{ runId: plan.runId, state: 'staging', failedPages: 1, verified: null }]);
  expect(body.runsTotal).toBe(1);
});

test('the rate of the last ten seconds is what was staged in them', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  for (let index = 0; index < 5; index += 1)
    await recordStaged({ runId: plan.runId, index, rows: 1000, bytes: 80_000 }, rig.fleet);
  const { body } = await rig.get('/overview');
  expect(body.fleet).toMatchObject({ rowsPerSecond: 500, bytesPerSecond: 40_000, rowsPerSecondMinute: 83 });
  const rows = body.points.reduce((sum, point) => sum + point.rows, 0);
  expect(rows).toBeGreaterThanOrEqual(500);
  expect(body.points.at(-1)?.t).toBe(Math.floor(body.atMs / 1000 / body.pointSeconds) * body.pointSeconds);
  expect(body.points.map(({ t }) => t)).toEqual(
    Array.from({ length: 360 }, (_, index) => (body.points[0]?.t ?? 0) + index * body.pointSeconds),
  );
});

test('a run is blocked when nothing is left but failed pages, and staged on when these are retried', async ({
  rig,
}) => {
  const plan = planOf('documents', { sourceRows: 20 });
  await rig.start(plan);
  await rig.fail('page', 'SOURCE_REJECTED', 2);
  expect(rowOf((await rig.get('/overview')).body, 'documents')?.state).toBe('blocked');
  expect(await rig.post(`/runs/${plan.runId}/retry`)).toMatchObject({
    status: 200,
    body: { message: `2 failed jobs of run ${plan.runId} got fresh attempts.` },
  });
  expect(rowOf((await rig.get('/overview')).body, 'documents')).toMatchObject({
    state: 'staging',
    pages: { failed: 0, waiting: 2 },
  });
});

test('a run whose plan has failed is failed', async ({ rig }) => {
  await rig.start(planOf('documents'));
  await rig.fail('plan', 'SOURCE_UNAUTHORIZED', 1);
  const { body } = await rig.get('/overview');
  expect(rowOf(body, 'documents')?.state).toBe('failed');
});

test('a run that the queue has lost is interrupted, and one that ended untold is as its report says', async ({
  rig,
}) => {
  const startedAtMs = Date.now() - 120_000;
  const [lost, ended] = [planOf('lost', { startedAtMs }), planOf('ended', { startedAtMs })];
  for (const plan of [lost, ended]) await rig.start(plan);
  await rig.fleet.staging.createReport(publishedReport(ended));
  for (const { runId } of [lost, ended]) {
    const commit = await rig.fleet.queues.commit.getJob(commitJobId(runId));
    await commit?.remove({ removeChildren: true });
  }
  const { body } = await rig.get('/overview');
  expect(rowOf(body, 'lost')?.state).toBe('interrupted');
  expect(rowOf(body, 'ended')).toMatchObject({ state: 'published', rows: 45 });
});

test('a published run has its version, and its pages all staged', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  await recordStep(plan.runId, 'audited', rig.fleet);
  await recordReport(publishedReport(plan), rig.fleet);
  const { body } = await rig.get('/overview');
  expect(rowOf(body, 'documents')).toMatchObject({
    state: 'published',
    pages: { total: 5, staged: 5, waiting: 0 },
    remainingMs: null,
  });
  expect(body.runs).toMatchObject([{ deltaVersion: 7, verified: true, rows: 45, bytes: 5000 }]);
});

test('of a table the open run is shown, though a later one has ended', async ({ rig }) => {
  const open = planOf('documents', { startedAtMs: Date.now() - 5000 });
  const later = planOf('documents');
  for (const plan of [open, later]) await rig.start(plan);
  await recordReport(publishedReport(later), rig.fleet);
  const { body } = await rig.get('/overview');
  expect(body.tables.map(({ runId }) => runId)).toEqual([open.runId]);
  expect(body.runs.map(({ runId }) => runId)).toEqual([later.runId, open.runId]);
});

test('a paused fleet shows in the control, the queues and the state of its runs', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  await recordRetry({ runId: plan.runId, index: 0 }, rig.fleet);
  expect((await rig.post('/control/pause', { scope: 'fleet' })).status).toBe(200);
  const { body } = await rig.get('/overview');
  expect(body.control.fleetPaused).toBe(true);
  expect(body.queues.every(({ paused }) => paused)).toBe(true);
  expect(body.queues.find(({ name }) => name === 'page')?.waiting).toBe(5);
  expect(rowOf(body, 'documents')?.state).toBe('paused');
  expect(await rig.post('/control/resume', { scope: 'fleet' })).toMatchObject({
    body: { message: 'The fleet goes on.' },
  });
  expect(rowOf((await rig.get('/overview')).body, 'documents')?.state).toBe('staging');
});

test('a table an operator paused is paused, but for its commit that is under way', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  const url = await rig.serve({
    commands: { ...fleetCommands(rig.fleet), readControl: async () => DOCUMENTS_PAUSED },
  });
  const stateOf = async (): Promise<unknown> => {
    const run = (await (await fetch(`${url}/api/runs/${plan.runId}`)).json()) as RunDetail;
    return [run.state, run.pausedBy, run.blockedBy];
  };
  expect(await stateOf()).toEqual(['paused', 'table', 'Table documents is paused.']);
  await recordStep(plan.runId, 'audited', rig.fleet);
  await beat({ ...standing, work: [{ runId: plan.runId, table: 'documents', sinceMs: 1 }] }, {}, rig.fleet);
  expect(await stateOf()).toEqual(['committing', 'table', null]);
});

const shownState = ({ tables }: Overview, name: string) => tables.find(({ table }) => table === name)?.state;

test('runs of the lake that Redis knows nothing of are shown', async ({ rig }) => {
  const [open, ended] = [planOf('open'), planOf('ended')];
  for (const plan of [open, ended]) await rig.fleet.staging.createPlan(plan);
  await rig.fleet.staging.createReport(publishedReport(ended));
  const { runId, table, destination, source, startedAtMs } = planOf('opened', {
    startedAtMs: Date.now() - 120_000,
  });
  const job = { payloadVersion: PAYLOAD_VERSION, runId, table, destination, source, startedAtMs } as const;
  await rig.fleet.staging.claimOpening({
    formatVersion: FORMAT_VERSION,
    number: 1,
    runId,
    job: { ...job, options: {}, full: false, sweepDeletes: false },
    fleet: 'another one',
    attempt: 'one',
    openedAtMs: startedAtMs,
  });
  const stream = await rig.follow('topic=overview');
  const overview = await followOverview(
    stream,
    await stream.until<Overview>('snapshot'),
    (shown) => shownState(shown, 'opened') === 'interrupted', // once the queue was asked for it
  );
  expect(['open', 'ended', 'opened'].map((name) => shownState(overview, name))).toEqual([
    'staging',
    'published',
    'interrupted',
  ]);
  expect((await rig.get(`/runs/${runId}`)).body.waysOut.map(({ command }) => command)).toEqual([
    `lance-offload run --resume ${runId}`,
    `lance-offload cancel ${runId}`,
  ]);
});
