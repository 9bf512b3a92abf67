import { expect } from 'vitest';
import { emptyReport } from '@lance-offload/core';
import {
  BUCKET_S,
  bucketStart,
  count,
  readBuckets,
  readTotals,
  redisTimeMs,
  sumBuckets,
} from '../../src/monitor/buckets.ts';
import { errorField, latencyField } from '../../src/monitor/counts.ts';
import { beat, LOST_AFTER_MS, readWorkers, type Beat } from '../../src/monitor/heartbeats.ts';
import { logRun, readRunLog } from '../../src/monitor/run-log.ts';
import {
  readLakeTables,
  readPageStates,
  readRecord,
  readRecords,
  recordOpened,
  recordPlanned,
  recordReport,
  recordRetry,
  recordStaged,
  recordStep,
} from '../../src/monitor/run-records.ts';
import { readSeries } from '../../src/monitor/run-series.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { fleetTest } from '../jobs/fleet-fixture.ts';

const test = fleetTest(18);
const plan = planOf({ sourceRows: 25, rowsPerPage: 10 });
const { runId } = plan;

async function lastBuckets(fleet: Parameters<typeof readBuckets>[2]) {
  const now = bucketStart(await redisTimeMs(fleet.redis));
  return sumBuckets(await readBuckets(now - BUCKET_S, now, fleet));
}

test('a page that is told twice is counted once, in its run, its time and the totals', async ({
  rig: { fleet },
}) => {
  await recordPlanned(plan, new Set(), fleet);
  for (let told = 0; told < 3; told++) await recordStaged({ runId, index: 1, rows: 10, bytes: 500 }, fleet);
  await recordStaged({ runId, index: 2, rows: 5, bytes: 250 }, fleet);

  expect(await readRecord(runId, fleet)).toMatchObject({
    state: 'staging',
    pages: 3,
    stagedPages: 2,
    rows: 15,
    bytes: 750,
  });
  expect((await readPageStates(runId, fleet)).toString('latin1')).toBe('\0ss');
  expect(await lastBuckets(fleet)).toMatchObject({ pages: 2, rows: 15, bytes: 750 });
  expect(await readTotals(fleet)).toMatchObject({ pages: 2, rows: 15, bytes: 750 });
  const series = await readSeries(runId, fleet);
  expect(series.reduce((sum, { rows }) => sum + rows, 0)).toBe(15);
});

test('a page that is tried again is marked so until it is staged, and a late failure changes nothing', async ({
  rig: { fleet },
}) => {
  await recordPlanned(plan, new Set(), fleet);
  await recordRetry({ runId, index: 0 }, fleet);
  expect((await readPageStates(runId, fleet)).toString('latin1')).toBe('r');
  await recordStaged({ runId, index: 0, rows: 10, bytes: 500 }, fleet);
  await recordRetry({ runId, index: 0 }, fleet);
  expect((await readPageStates(runId, fleet)).toString('latin1')).toBe('s');
  expect(await readRecord(runId, fleet)).toMatchObject({ retries: 1, stagedPages: 1 });
});

test('a run that is taken up again counts the pages it has staged, and once', async ({ rig: { fleet } }) => {
  await recordPlanned(plan, new Set([0, 2]), fleet);
  expect(await readRecord(runId, fleet)).toMatchObject({ stagedPages: 2, rows: 15 });
  await recordStaged({ runId, index: 1, rows: 10, bytes: 500 }, fleet);
  await recordPlanned(plan, new Set([0, 2]), fleet);
  expect(await readRecord(runId, fleet)).toMatchObject({ stagedPages: 3, rows: 25 });
});

test('a run is listed from its opening to its report, which has the last word, and its table with it', async ({
  rig: { fleet },
}) => {
  await recordOpened(
    { ...plan, runId: 'older-20261122T101500Z-7f3a', startedAtMs: plan.startedAtMs - 5 },
    fleet,
  );
  await recordOpened(plan, fleet);
  await recordStep(runId, 'audited', fleet);
  const records = await readRecords(0, fleet);
  expect(records.map((record) => [record.runId, record.state])).toEqual([
    [runId, 'committing'],
    ['older-20261122T101500Z-7f3a', 'planning'],
  ]);
  const report = {
    ...emptyReport(plan, 'published'),
    deltaVersion: 7,
    lakeRows: 25,
    verified: true,
    distinctRowIds: 25,
    pages: 3,
  };
  await recordReport(report, fleet);
  expect(await readRecord(runId, fleet)).toMatchObject({
    state: 'published',
    deltaVersion: 7,
    verified: true,
    rows: 25,
    stagedPages: 3,
  });
  expect((await readLakeTables(fleet)).get(plan.destination)).toMatchObject({
    deltaVersion: 7,
    rows: 25,
    runId,
  });
});

test('errors and latencies are counted by code and bucket', async ({ rig: { fleet } }) => {
  await count({ requests: 2, [latencyField(12)]: 2, [errorField('SOURCE_SHORT')]: 1, nothing: 0 }, fleet);
  const totals = await readTotals(fleet);
  expect(totals).toMatchObject({ requests: 2, errors: { SOURCE_SHORT: 1 } });
  expect(totals.latency[2]).toBe(2);
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
  work: [{ runId, table: 'documents', page: 3, sinceMs: 1 }],
};

test('a worker that falls silent is lost, one that has stopped is not', async ({ rig: { fleet } }) => {
  await beat(standing, { busyMs: 40 }, fleet);
  await beat({ ...standing, id: 'host-b:18', state: 'stopped', work: [] }, {}, fleet);
  const now = await redisTimeMs(fleet.redis);
  expect((await readWorkers(now, fleet)).map(({ id, lost }) => [id, lost])).toEqual([
    ['host-a:17', false],
    ['host-b:18', false],
  ]);
  const later = await readWorkers(now + LOST_AFTER_MS + 1, fleet);
  expect(later.map(({ id, lost }) => [id, lost])).toEqual([
    ['host-a:17', true],
    ['host-b:18', false],
  ]);
  expect((await readTotals(fleet)).busyMs).toBe(40);
});

test('the log of a run keeps its newest lines', async ({ rig: { fleet } }) => {
  for (let n = 0; n < 510; n++)
    await logRun(runId, { atMs: n, level: 'info', text: `line ${n}`, from: 'host-a:17' }, fleet);
  const lines = await readRunLog(runId, 1000, fleet);
  expect(lines).toHaveLength(500);
  expect(lines[0]).toMatchObject({ atMs: 509, text: 'line 509' });
});
