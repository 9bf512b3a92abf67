import { mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { emptyReport } from '../../src/commit/report.ts';
import { planPages } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { openingOf, planOf, stagePage, test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';

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
  await expectRejection(
    staging.findReceipt(plan, { ...page, limit: 5 }),
    'LAKE_UNAVAILABLE',
    /page 0: the receipt is of another page/,
  );
  const file = path.join(pathsOf(staging).table('documents'), receipt.files[0]?.path ?? '');
  await truncate(file, 10);
  await expectRejection(staging.findReceipt(plan, page), 'LAKE_UNAVAILABLE', /has 10 bytes instead of/);
  await rm(file);
  await expectRejection(staging.findReceipt(plan, page), 'LAKE_UNAVAILABLE', /is gone; cancel the run/);
});

test('receipts are listed by page number', async ({ staging }) => {
  const plan = planOf({ sourceRows: 30 });
  await stagePage(plan, 2, staging);
  await stagePage(plan, 0, staging);
  await writeFile(path.join(pathsOf(staging).receipts('documents', plan.runId), '.page-000001.json.tmp'), '');
  expect(await staging.listReceipts(plan)).toEqual([0, 2]);
});

test('the first report of a run stands', async ({ staging }) => {
  const plan = planOf();
  expect(await staging.createReport(emptyReport(plan, 'cancelled'))).toMatchObject({ state: 'cancelled' });
  expect(await staging.createReport(emptyReport(plan, 'published'))).toMatchObject({ state: 'cancelled' });
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
    await mkdir(path.join(pathsOf(staging).tables, stray));
  expect((await staging.listTables()).toSorted()).toEqual(['a/日本', 'documents']);
});

test('a damaged file is named; one of a later format is refused as too new', async ({ staging }) => {
  const plan = planOf();
  await staging.createPlan(plan);
  const file = pathsOf(staging).plan('documents', plan.runId);
  for (const damaged of ['', '{"formatVersion":1', 'null', '{"formatVersion":1}']) {
    await writeFile(file, damaged);
    await expectRejection(staging.readPlan(plan), 'LAKE_UNAVAILABLE', /plan\.json is damaged/);
  }
  await writeFile(file, JSON.stringify({ ...plan, formatVersion: 4 }));
  await expectRejection(staging.readPlan(plan), 'LAKE_TOO_NEW', /format 4/);
});

test('the first decision about a run stands, and the first receipt of a page', async ({ staging }) => {
  const plan = planOf();
  const decisions = await Promise.all(
    Array.from({ length: 8 }, (_, index) => staging.decide(plan, index % 2 === 0 ? 'commit' : 'cancel')),
  );
  expect(new Set(decisions.map(({ attempt }) => attempt)).size).toBe(1);
  const [first, second] = [await stagePage(plan, 0, staging), await stagePage(plan, 0, staging)];
  expect(second).toEqual(first);
});

test('openings of a table follow one another, and each has one winner', async ({ staging }) => {
  expect(await staging.lastOpening('documents')).toBeUndefined();
  const claims = await Promise.all(
    Array.from({ length: 8 }, (_, index) => staging.claimOpening({ ...openingOf(1), attempt: `a${index}` })),
  );
  expect(claims.filter(({ mine }) => mine)).toHaveLength(1);
  for (const number of [2, 3])
    expect(await staging.claimOpening(openingOf(number))).toMatchObject({ mine: true });
  expect(await staging.lastOpening('documents')).toMatchObject({ number: 3 });
});

test('an opening that comes after later ones were made, and its own was put away, does not count', async ({
  staging,
}) => {
  for (const number of [1, 2, 3]) await staging.claimOpening(openingOf(number));
  await staging.store.delete([staging.keys.opening('documents', 2)]);
  expect(await staging.claimOpening({ ...openingOf(2), attempt: 'late' })).toMatchObject({
    mine: false,
    claim: { number: 3 },
  });
});

test('a lake that is no folder is reported as unavailable, with its path', async ({ staging }) => {
  await mkdir(pathsOf(staging).root, { recursive: true });
  await writeFile(pathsOf(staging).tables, 'a file');
  const error = await expectRejection(
    staging.createPlan(planOf()),
    'LAKE_UNAVAILABLE',
    /Could not create .*plan\.json/,
  );
  expect(error.details.path).toContain('plan.json');
});
