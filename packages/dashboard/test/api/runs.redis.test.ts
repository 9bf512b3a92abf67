import {
  beat,
  logRun,
  pageJobId,
  recordReport,
  recordRetry,
  recordStaged,
  recordStep,
  type Beat,
} from '@lance-offload/fleet';
import { expect } from 'vitest';
import { apiTest, planOf, publishedReport, receiptOf, SECRET } from './api-fixture.ts';

const test = apiTest;

test('a run tells its plan, how its pages stand, what failed and what holds it back', async ({ rig }) => {
  const plan = planOf('documents', {
    notes: ['column "n" is widened from int to long: from then on readers need Delta\'s typeWidening'],
    writeTypes: [{ column: 'n', type: 'long' }],
    filter: 'id > 3',
  });
  await rig.start(plan);
  await rig.fail('page', 'SOURCE_REJECTED', 2);
  await recordStaged({ runId: plan.runId, index: 2, rows: 10, bytes: 1000 }, rig.fleet);
  await recordRetry({ runId: plan.runId, index: 3 }, rig.fleet);
  await logRun(
    plan.runId,
    { atMs: 5, level: 'warn', text: 'trying again', page: 3, from: 'host-a:17' },
    rig.fleet,
  );

  const { status, body } = await rig.get(`/runs/${plan.runId}`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    runId: plan.runId,
    table: 'documents',
    destination: 'documents',
    state: 'staging',
    pages: { total: 5, staged: 1, active: 0, failed: 2, waiting: 2, retrying: 1 },
    rows: 10,
    expectedRows: 45,
    failedPages: 2,
    blockedBy: 'The commit waits for 2 failed pages.',
    pausedBy: null,
    step: null,
    report: null,
    failures: [{ code: 'SOURCE_REJECTED', table: 'documents', step: 'page', count: 2, runs: [plan.runId] }],
    plan: { filter: 'id > 3', paging: 'offset', widened: ['n'], columns: [{ name: 'id', type: 'int64' }] },
    log: [{ atMs: 5, level: 'warn', text: 'trying again', page: 3, from: 'host-a:17' }],
  });
  expect(body.points.reduce((sum, { rows }) => sum + rows * body.pointSeconds, 0)).toBe(10);
  expect(JSON.stringify(body)).not.toContain(SECRET);
});

test('a run that is published tells its audit, and changes of the schema apart from other notes', async ({
  rig,
}) => {
  const plan = planOf('documents');
  await rig.start(plan);
  const change = 'column "b" is new (string): null in the rows the lake has';
  const report = { ...publishedReport(plan), notes: ['a note', change] };
  await recordStep(plan.runId, 'merged', rig.fleet);
  expect((await rig.get(`/runs/${plan.runId}`)).body).toMatchObject({
    state: 'committing',
    step: 'merged',
  });
  await rig.fleet.staging.createReport(report);
  await recordReport(report, rig.fleet);
  const { body } = await rig.get(`/runs/${plan.runId}`);
  expect(body).toMatchObject({
    state: 'published',
    step: null,
    blockedBy: null,
    report: { verified: true, lakeRows: 45, notes: ['a note'], schemaChanges: [change] },
  });
});

test('a run that only the lake knows is told from there, with its pages', async ({ rig }) => {
  const plan = planOf('documents', { startedAtMs: Date.now() - 9 * 24 * 3600 * 1000 });
  await rig.fleet.staging.createPlan(plan);
  for (const index of [0, 4]) await rig.fleet.staging.claimReceipt('documents', receiptOf(plan, index));
  expect((await rig.get(`/runs/${plan.runId}`)).body).toMatchObject({
    pages: { total: 5, staged: 2 },
    startedAtMs: plan.startedAtMs,
  });
  const { body } = await rig.get(`/runs/${plan.runId}/pages`);
  expect(body.cells.map(({ staged }) => staged)).toEqual([1, 0, 0, 0, 1]);
});

test('a page that was staged after Redis was emptied does not hide those before it', async ({ rig }) => {
  const plan = planOf('documents', { startedAtMs: Date.now() - 9 * 24 * 3600 * 1000 });
  await rig.fleet.staging.createPlan(plan);
  for (const index of [0, 3, 4]) await rig.fleet.staging.claimReceipt('documents', receiptOf(plan, index));
  await recordStaged({ runId: plan.runId, index: 3, rows: 10, bytes: 1000 }, rig.fleet);
  expect((await rig.get(`/runs/${plan.runId}`)).body).toMatchObject({ pages: { total: 5, staged: 3 } });
  const { body } = await rig.get(`/runs/${plan.runId}/pages`);
  expect(body.cells.map(({ staged }) => staged)).toEqual([1, 0, 0, 1, 1]);
});

test('a page tells its receipt, another its failure and its job, a third who has it', async ({ rig }) => {
  const plan = planOf('documents');
  await rig.start(plan);
  await rig.fail('page', 'SOURCE_SHORT', 1);
  await rig.fleet.staging.claimReceipt('documents', receiptOf(plan, 4));
  const work = [{ runId: plan.runId, table: 'documents', page: 1, sinceMs: 1 }];
  await beat({ ...standing, work }, {}, rig.fleet);

  expect((await rig.get(`/runs/${plan.runId}/pages/4`)).body).toMatchObject({
    index: 4,
    state: 'staged',
    offset: 40,
    limit: 5,
    rows: 5,
    bytes: 1000,
    requests: 2,
    worker: 'host-a:17',
    timings: { fetchMs: 5, transformMs: 3, writeMs: 1 },
    failure: null,
  });
  const failed = (await rig.get(`/runs/${plan.runId}/pages/0`)).body;
  const jobUrl = `/queues/queue/offload-page/${pageJobId(plan.runId, 0)}`;
  expect(failed).toMatchObject({
    state: 'failed',
    attempts: 1,
    rows: null,
    failure: { code: 'SOURCE_SHORT', page: 0, jobUrl },
    jobUrl,
  });
  expect(JSON.stringify(failed)).not.toContain(SECRET);
  expect((await rig.get(`/runs/${plan.runId}/pages/1`)).body).toMatchObject({
    state: 'waiting',
    worker: 'host-a:17',
  });
  expect((await rig.refused('GET', `/runs/${plan.runId}/pages/5`)).status).toBe(404);
});

test('pages come in cells of a stretch, which count each page once', async ({ rig }) => {
  const plan = planOf('documents', { sourceRows: 25_000 });
  await rig.start(plan);
  await rig.fail('page', 'SOURCE_REJECTED', 3);
  await recordStaged({ runId: plan.runId, index: 2499, rows: 10, bytes: 1 }, rig.fleet);
  const { body } = await rig.get(`/runs/${plan.runId}/pages`);
  expect(body).toMatchObject({ total: 2500, from: 0, to: 2499, pagesPerCell: 3 });
  expect(body.cells[0]).toEqual({ from: 0, to: 2, staged: 0, active: 0, retrying: 0, failed: 3, waiting: 0 });
  expect(body.cells.at(-1)).toEqual({
    from: 2499,
    to: 2499,
    staged: 1,
    active: 0,
    retrying: 0,
    failed: 0,
    waiting: 0,
  });
  const part = (await rig.get(`/runs/${plan.runId}/pages?from=2&to=3`)).body;
  expect(part.cells).toMatchObject([
    { from: 2, to: 2, failed: 1 },
    { from: 3, to: 3, waiting: 1 },
  ]);
});

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
  pages: 0,
  rows: 0,
  bytes: 0,
  failures: 0,
  state: 'working',
  work: [],
};
