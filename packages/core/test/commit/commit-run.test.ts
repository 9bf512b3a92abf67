import type { OffloadErrorCode } from '@lance-offload/base';
import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { withDuckDB, readLog, readSnapshot } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { CommitStep, OnCommitStep } from '../../src/commit/publish-run.ts';
import type { Staging } from '../../src/stage/staging.ts';
import { tableState } from '../../src/lake/table-state.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { column, float64, int64, rowIds, utf8 } from '../../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import {
  falsifyReceipt,
  ID_AND_NAME,
  idsAndNames,
  planOf,
  stagePage,
  stageRun,
  test,
} from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';

const SECOND_RUN = 'documents-20261122T111500Z-0001';

/** Ends a commit once a step is done, as a kill would. */
function dieAfter(last: CommitStep): OnCommitStep {
  return (step) => {
    if (step === last) throw new Error(`died after ${step}`);
  };
}

async function query(staging: Staging, sql: string): Promise<unknown[][]> {
  return withDuckDB({ file: pathsOf(staging).database }, async (connection) =>
    (await connection.runAndReadAll(sql)).getRowsJson(),
  );
}

const logOf = async (plan: RunPlan, staging: Staging) => readLog(staging.table(plan.destination));

test('a staged run is published as one version, with every row once', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({
    state: 'published',
    verified: true,
    sourceRows: 25,
    lakeRows: 25,
    distinctRowIds: 25,
    pages: 3,
    requests: 3,
    deltaVersion: 0,
  });
  expect(
    await query(
      staging,
      'SELECT count(*)::INT, count(DISTINCT id)::INT, sum(id)::INT, count(name)::INT, any_value(_run_id) FROM documents',
    ),
  ).toEqual([[25, 25, 300, 20, plan.runId]]);
  expect(await staging.findReport(plan)).toEqual(report);
});

test('the row ids ride in the files, and are a column only with with_row_id', async ({ staging }) => {
  await stageRun(planOf(), staging);
  await commitRun(planOf(), staging);
  const columns = 'SELECT column_name, column_type FROM (DESCRIBE documents)';
  expect(await query(staging, columns)).toEqual([
    ['id', 'BIGINT'],
    ['name', 'VARCHAR'],
    ['_run_id', 'VARCHAR'],
    ['_offloaded_at', 'TIMESTAMP WITH TIME ZONE'],
    ['_row_hash', 'BIGINT'],
  ]);
  const withIds = planOf({ destination: 'with ids', withRowId: true });
  await stageRun(withIds, staging);
  await commitRun(withIds, staging);
  expect(await query(staging, 'SELECT max(_rowid)::INT FROM "with ids"')).toEqual([[24]]);
});

test('publishing a run twice is a no-op', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  const first = await commitRun(plan, staging);
  expect(await commitRun(plan, staging)).toEqual(first);
  expect(await logOf(plan, staging)).toHaveLength(1);
});

test('two commits of one run at the same moment publish it once', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  const reports = await Promise.all([commitRun(plan, staging), commitRun(plan, staging)]);
  expect(reports.map(({ deltaVersion, lakeRows }) => [deltaVersion, lakeRows])).toEqual([
    [0, 25],
    [0, 25],
  ]);
  expect(await logOf(plan, staging)).toHaveLength(1);
});

test('a commit killed after its log entry is finished by the next attempt, in the same version', async ({
  staging,
}) => {
  const plan = planOf();
  await stageRun(plan, staging);
  await expect(commitRun(plan, staging, dieAfter('logged'))).rejects.toThrow('died after logged');
  expect(await staging.findReport(plan)).toBeUndefined();
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({ state: 'published', deltaVersion: 0, lakeRows: 25, verified: true });
  expect(await logOf(plan, staging)).toHaveLength(1);
  expect(await query(staging, 'SELECT count(*)::INT FROM documents')).toEqual([[25]]);
});

test('a run killed after its log entry is finished even where another run has been published since', async ({
  staging,
}) => {
  const [plan, later] = [planOf(), planOf({ runId: SECOND_RUN, sourceVersion: 4 })];
  await stageRun(plan, staging);
  await expect(commitRun(plan, staging, dieAfter('logged'))).rejects.toThrow('died after logged');
  await stageRun(later, staging);
  expect((await commitRun(later, staging)).deltaVersion).toBe(1);
  expect((await commitRun(plan, staging)).deltaVersion).toBe(0);
  expect(await query(staging, 'SELECT count(*)::INT FROM documents')).toEqual([[50]]);
});

test('two runs of different producers at once are both published, one after the other', async ({
  staging,
}) => {
  const plans = Array.from({ length: 4 }, (_, index) =>
    planOf({ runId: `documents-20261122T10150${index}Z-7f3a`, sourceVersion: index + 1 }),
  );
  for (const plan of plans) await stageRun(plan, staging);
  const reports = await Promise.all(plans.map((plan) => commitRun(plan, staging)));
  expect(reports.map(({ deltaVersion }) => deltaVersion).toSorted((a, b) => Number(a) - Number(b))).toEqual([
    0, 1, 2, 3,
  ]);
  expect(await query(staging, 'SELECT count(*)::INT, count(DISTINCT _run_id)::INT FROM documents')).toEqual([
    [100, 4],
  ]);
});

async function expectUnpublished(
  plan: RunPlan,
  staging: Staging,
  message: RegExp,
  code: OffloadErrorCode = 'AUDIT_FAILED',
): Promise<void> {
  const error = await expectRejection(commitRun(plan, staging), code, message);
  expect(error.details).toMatchObject({ runId: plan.runId });
  expect(await logOf(plan, staging)).toEqual([]);
  expect(await staging.findReport(plan)).toBeUndefined();
}

test('a page without a receipt keeps the run from being published, and staging it lets it', async ({
  staging,
}) => {
  const plan = planOf();
  await stageRun(plan, staging);
  await rm(pathsOf(staging).receipt('documents', plan.runId, 1));
  await expectUnpublished(plan, staging, /1 of 3 pages are not staged \(first: page 1\)/);
  await stagePage(plan, 1, staging);
  expect((await commitRun(plan, staging)).state).toBe('published');
});

test('a receipt that names other rows than its file holds keeps the run from being published', async ({
  staging,
}) => {
  const plan = planOf();
  const [receipt] = await stageRun(plan, staging);
  if (!receipt) throw new Error('no receipt');
  const files = receipt.files.map((file) => ({ ...file, rows: 9 }));
  await falsifyReceipt(staging, 'documents', { ...receipt, rows: 9, files });
  await expectUnpublished(plan, staging, /page 0 has 9 rows in its files/);
  await falsifyReceipt(staging, 'documents', { ...receipt, rows: 11 });
  await expectUnpublished(plan, staging, /11 in its receipt/);
  await falsifyReceipt(staging, 'documents', {
    ...receipt,
    files: receipt.files.map((file) => ({ ...file, rowHashSum: '1' })),
  });
  await expectUnpublished(plan, staging, /hash sum .* its receipt says 10 and 1;/);
});

test('a receipt of another version or another range keeps the run from being published', async ({
  staging,
}) => {
  const plan = planOf();
  const [receipt] = await stageRun(plan, staging);
  if (!receipt) throw new Error('no receipt');
  await falsifyReceipt(staging, 'documents', { ...receipt, sourceVersion: 2 });
  await expectUnpublished(plan, staging, /page 0 was staged from another version/);
  await falsifyReceipt(staging, 'documents', { ...receipt, page: { ...receipt.page, offset: 10 } });
  await expectUnpublished(plan, staging, /page 0: the receipt is of another page/, 'LAKE_UNAVAILABLE');
});

const overlapping = (offset: number, count: number) => idsAndNames(offset === 10 ? 9 : offset, count);

test('a row that is in two pages keeps the run from being published', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging, overlapping);
  await expectUnpublished(plan, staging, /counts 25 rows, the staged pages hold 25 with 24 distinct row ids/);
});

test('a file swapped after its receipt was written keeps the run from being published', async ({
  staging,
}) => {
  const plan = planOf();
  const receipts = await stageRun(plan, staging);
  const [first, second] = receipts.map(({ files }) =>
    path.join(pathsOf(staging).table('documents'), files[0]?.path ?? ''),
  );
  const [receipt] = receipts;
  if (!first || !second || !receipt) throw new Error('no files');
  await copyFile(second, first);
  await expectUnpublished(plan, staging, /page 0: the file .* has \d+ bytes instead of/, 'LAKE_UNAVAILABLE');
  // The same with a receipt that has the swapped file's size.
  const size = receipts[1]?.files[0]?.size ?? 0;
  await falsifyReceipt(staging, 'documents', {
    ...receipt,
    files: receipt.files.map((file) => ({ ...file, size })),
  });
  await expectUnpublished(plan, staging, /hash sum/);
  await rm(first);
  await expectUnpublished(plan, staging, /page 0: the file .* is gone; cancel the run/, 'LAKE_UNAVAILABLE');
});

test('a run of no rows publishes an empty table that the views can read', async ({ staging }) => {
  const plan = planOf({ sourceRows: 0 });
  await stageRun(plan, staging);
  expect(await commitRun(plan, staging)).toMatchObject({
    state: 'published',
    verified: true,
    lakeRows: 0,
    pages: 0,
    deltaVersion: 0,
  });
  expect(await query(staging, 'SELECT count(*)::INT FROM documents')).toEqual([[0]]);
  expect(
    await query(staging, "SELECT column_type FROM (DESCRIBE documents) WHERE column_name = 'id'"),
  ).toEqual([['BIGINT']]);
});

test('a second run appends, and the state of the source moves in the same version', async ({ staging }) => {
  const [plan, second] = [planOf(), planOf({ runId: SECOND_RUN, sourceVersion: 9, sourceRows: 12 })];
  await stageRun(plan, staging);
  await commitRun(plan, staging);
  expect(tableState(await readSnapshot(staging.table('documents')))?.sourceVersion).toBe(3);
  await stageRun(second, staging);
  expect(await commitRun(second, staging)).toMatchObject({ deltaVersion: 1, lakeRows: 12 });
  const snapshot = await readSnapshot(staging.table('documents'));
  expect(tableState(snapshot)?.sourceVersion).toBe(9);
  expect(snapshot?.files).toHaveLength(5);
  expect(
    await query(staging, 'SELECT _run_id, count(*)::INT FROM documents GROUP BY ALL ORDER BY 1'),
  ).toEqual([
    [plan.runId, 25],
    [SECOND_RUN, 12],
  ]);
  const [first, last] = await logOf(plan, staging);
  expect(last?.actions.flatMap(({ metaData }) => metaData?.id ?? [])).toEqual(
    first?.actions.flatMap(({ metaData }) => metaData?.id ?? []),
  );
});

test('a cancelled run is not published', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  expect(await staging.decide(plan, 'cancel')).toMatchObject({ decision: 'cancel' });
  expect((await commitRun(plan, staging)).state).toBe('cancelled');
  expect(await logOf(plan, staging)).toEqual([]);
});

for (const destination of [
  'it\'s "quoted"',
  'with spaces',
  'a.b',
  '日本語',
  'SELECT',
  '100%',
  "'; DROP TABLE x; --",
]) {
  test(`a table named ${destination} gets a view of that name`, async ({ staging }) => {
    const plan = planOf({ destination, table: destination, sourceRows: 3 });
    await stageRun(plan, staging);
    await commitRun(plan, staging);
    expect(await query(staging, `SELECT sum(id)::INT FROM "${destination.replaceAll('"', '""')}"`)).toEqual([
      [3],
    ]);
  });
}

test('columns with quotes, spaces and dots in their names are read as they are', async ({ staging }) => {
  const names = ['it\'s "x"', 'a b', 'a.b', '日本', 'order'];
  const plan = planOf({ sourceRows: 2, columns: names.map((name) => column(name, 'int64')) });
  await stageRun(plan, staging, (offset, count) => ({
    ...Object.fromEntries(names.map((name, index) => [name, int64([BigInt(index), null])])),
    _rowid: rowIds(offset, count),
  }));
  await commitRun(plan, staging);
  const list = names.map((name) => `max("${name.replaceAll('"', '""')}")::INT`).join(', ');
  expect(await query(staging, `SELECT ${list} FROM documents`)).toEqual([[0, 1, 2, 3, 4]]);
});

test('a column added later is null in the rows from before', async ({ staging }) => {
  const before = planOf({ sourceRows: 3 });
  await stageRun(before, staging);
  await commitRun(before, staging);
  const after = planOf({
    runId: SECOND_RUN,
    sourceVersion: 4,
    sourceRows: 2,
    columns: [column('added', 'double'), ...ID_AND_NAME],
  });
  await stageRun(after, staging, (offset, count) => ({
    added: float64([0.5, null]),
    ...idsAndNames(offset, count),
  }));
  await commitRun(after, staging);
  expect(await query(staging, 'SELECT id::INT, name, added FROM documents ORDER BY _run_id, id')).toEqual([
    [0, null, null],
    [1, 'name 1', null],
    [2, 'name 2', null],
    [0, null, 0.5],
    [1, 'name 1', null],
  ]);
});

test('a column dropped at the source stays in the lake, null in the new rows', async ({ staging }) => {
  const before = planOf({ sourceRows: 2 });
  await stageRun(before, staging);
  await commitRun(before, staging);
  const after = planOf({
    runId: SECOND_RUN,
    sourceVersion: 4,
    sourceRows: 2,
    columns: [column('name', 'string')],
  });
  await stageRun(after, staging, (offset, count) => ({
    name: utf8(['x', 'y']),
    _rowid: rowIds(offset, count),
  }));
  await commitRun(after, staging);
  expect(await query(staging, 'SELECT id::INT, name FROM documents ORDER BY _run_id, name')).toEqual([
    [1, 'name 1'],
    [0, null],
    [null, 'x'],
    [null, 'y'],
  ]);
});

test('a run whose columns no longer fit the table is refused, and the table stays as it was', async ({
  staging,
}) => {
  const before = planOf({ sourceRows: 2 });
  await stageRun(before, staging);
  await commitRun(before, staging);
  const after = planOf({
    runId: SECOND_RUN,
    sourceVersion: 4,
    sourceRows: 2,
    columns: [column('id', 'string'), column('name', 'string')],
  });
  await stageRun(after, staging, (offset, count) => ({
    id: utf8(['x', 'y']),
    name: utf8(['x', 'y']),
    _rowid: rowIds(offset, count),
  }));
  await expectRejection(
    commitRun(after, staging),
    'SCHEMA_MISMATCH',
    /"id" is "long" in the lake and "string" at the source/,
  );
  expect(await logOf(after, staging)).toHaveLength(1);
});

test('a run without a plan cannot be committed', async ({ staging }) => {
  await expectRejection(commitRun(planOf(), staging), 'RUN_NOT_FOUND');
});
