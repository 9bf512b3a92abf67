import { mkdir, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { emptyReport } from '../../src/lake/report.ts';
import { planPages } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../expect-code.ts';
import { planOf, stagePage, stageRun, test } from './lake-fixture.ts';

test('a plan is read back as it was written, and never changed', async ({ staging }) => {
  const plan = planOf({ filter: 'id > 3' });
  await staging.createPlan(plan);
  await staging.createPlan(planOf({ sourceRows: 99 }));
  expect(await staging.readPlan(plan)).toEqual(plan);
  expect(await staging.findPlan({ ...plan, runId: 'other' })).toBeUndefined();
  await expectRejection(staging.readPlan({ ...plan, runId: 'other' }), 'RUN_NOT_FOUND', /other has no plan/);
});

test('a page is done once its receipt is there with its files, whole', async ({ staging }) => {
  const plan = planOf();
  const [page, other] = [...planPages(plan)];
  if (!page || !other) throw new Error('no pages');
  expect(await staging.findReceipt(plan, page)).toBeUndefined();
  const receipt = await stagePage(plan, 0, staging);
  expect(await staging.findReceipt(plan, page)).toEqual(receipt);
  expect(await staging.findReceipt(plan, other)).toBeUndefined();
  expect(await staging.findReceipt(plan, { ...page, limit: 5 })).toBeUndefined();
  const file = path.join(staging.paths.table('documents'), receipt.files[0]?.path ?? '');
  await truncate(file, 10);
  expect(await staging.findReceipt(plan, page)).toBeUndefined();
  await rm(file);
  expect(await staging.findReceipt(plan, page)).toBeUndefined();
});

test('receipts are listed by page number', async ({ staging }) => {
  const plan = planOf({ sourceRows: 30 });
  await stagePage(plan, 2, staging);
  await stagePage(plan, 0, staging);
  await writeFile(path.join(staging.paths.receipts('documents', plan.runId), '.page-000001.json.tmp'), '');
  expect(await staging.listReceipts(plan)).toEqual([0, 2]);
});

test('the first report of a run stands', async ({ staging }) => {
  const plan = planOf();
  expect(await staging.createReport(emptyReport(plan, 'cancelled'))).toBe(true);
  expect(await staging.createReport(emptyReport(plan, 'published'))).toBe(false);
  expect((await staging.findReport(plan))?.state).toBe('cancelled');
});

test('the open run of a table is the one with a plan and no report', async ({ staging }) => {
  const [first, second] = [planOf(), planOf({ runId: 'documents-20261122T111500Z-0001' })];
  expect(await staging.findOpenRun('documents')).toBeUndefined();
  await staging.createPlan(first);
  await staging.createPlan(second);
  await staging.createReport(emptyReport(second, 'published'));
  expect((await staging.findOpenRun('documents'))?.runId).toBe(first.runId);
  await staging.createReport(emptyReport(first, 'cancelled'));
  expect(await staging.findOpenRun('documents')).toBeUndefined();
  expect(await staging.listRuns('documents')).toEqual([first.runId, second.runId]);
});

test('tables are listed by their own names, whatever else lies in the folder', async ({ staging }) => {
  await staging.createPlan(planOf());
  await staging.createPlan(planOf({ destination: 'a/日本' }));
  for (const stray of ['100%', 'lost+found', '.DS_Store'])
    await mkdir(path.join(staging.paths.tables, stray));
  expect((await staging.listTables()).toSorted()).toEqual(['a/日本', 'documents']);
});

test('a damaged file is named; one of a later format is refused as too new', async ({ staging }) => {
  const plan = planOf();
  await staging.createPlan(plan);
  const file = staging.paths.plan('documents', plan.runId);
  for (const damaged of ['', '{"formatVersion":1', 'null', '{"formatVersion":1}']) {
    await writeFile(file, damaged);
    await expectRejection(staging.readPlan(plan), 'LAKE_UNAVAILABLE', /plan\.json is damaged/);
  }
  await writeFile(file, JSON.stringify({ ...plan, formatVersion: 3 }));
  await expectRejection(staging.readPlan(plan), 'LAKE_TOO_NEW', /format 3/);
});

test('discarding a run takes its pages and leaves plan and report', async ({ staging }) => {
  const plan = planOf();
  await stageRun(plan, staging);
  await staging.discard(plan);
  expect(await staging.listReceipts(plan)).toEqual([]);
  expect(await readdir(path.join(staging.paths.table('documents'), 'data'))).toEqual([]);
  expect(await staging.findPlan(plan)).toEqual(plan);
});

test('a lake that is no folder is reported as unavailable, with its path', async ({ staging }) => {
  await mkdir(staging.paths.root, { recursive: true });
  await writeFile(staging.paths.tables, 'a file');
  const error = await expectRejection(
    staging.createPlan(planOf()),
    'LAKE_UNAVAILABLE',
    /Could not create .*plan\.json/,
  );
  expect(error.details.path).toContain('plan.json');
});
