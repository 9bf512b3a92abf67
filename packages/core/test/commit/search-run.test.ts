import { expect } from 'vitest';
import { withDuckDB } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { Receipt } from '../../src/stage/receipt.ts';
import type { Staging } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { float32, rowIds, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { falsifyReceipt, idsAndNames, planOf, stageRun, test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';

/** A search for up to 10 rows. */
function searchPlan(changes: Partial<RunPlan> = {}): RunPlan {
  const search = { k: 10, vector: [1, 2], vector_column: 'vector', prefilter: true };
  return planOf({ search, sourceRows: 10, rowsPerPage: 10, ...changes });
}

/** An answer of so many rows, the nearest first. */
function answer(rows: number, farther = 0): () => Columns {
  const distances = Array.from({ length: rows }, (_, index) => farther + index / 4);
  return () => ({ ...idsAndNames(0, rows), _distance: float32(distances) });
}

async function query(staging: Staging, sql: string): Promise<unknown[][]> {
  return withDuckDB({ file: pathsOf(staging).database }, async (connection) =>
    (await connection.runAndReadAll(sql)).getRowsJson(),
  );
}

/** Changes what a staged page's receipt says. */
async function falsify(staging: Staging, plan: RunPlan, change: Partial<Receipt>): Promise<void> {
  const receipt = await staging.readReceipt(plan, 0);
  if (!receipt) throw new Error('the page is not staged');
  await falsifyReceipt(staging, plan.destination, { ...receipt, ...change });
}

test('a search that finds all it asked for is published with the distance of each row', async ({
  staging,
}) => {
  const plan = searchPlan();
  await stageRun(plan, staging, answer(10));
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({
    state: 'published',
    verified: true,
    sourceRows: 10,
    lakeRows: 10,
    notes: [],
  });
  expect(await query(staging, 'SELECT id::INT, _distance FROM documents ORDER BY _distance LIMIT 3')).toEqual(
    [
      [0, 0],
      [1, 0.25],
      [2, 0.5],
    ],
  );
});

test('a search that finds fewer rows is published as it was answered, and its report says so', async ({
  staging,
}) => {
  const plan = searchPlan();
  await stageRun(plan, staging, answer(6));
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({ verified: true, sourceRows: 6, lakeRows: 6, distinctRowIds: 6 });
  expect(report.notes).toEqual([expect.stringMatching(/^the search was answered with 6 of up to 10 rows/)]);
  expect(await commitRun(plan, staging)).toEqual(report);
});

test('a search that finds nothing makes a version without rows', async ({ staging }) => {
  const plan = searchPlan();
  await stageRun(plan, staging, answer(1));
  await falsify(staging, plan, { rows: 0, files: [], rowIds: { min: '0', max: '0', distinct: 0 } });
  const report = await commitRun(plan, staging);
  expect(report).toMatchObject({ state: 'published', verified: true, sourceRows: 0, lakeRows: 0 });
  expect(await query(staging, 'SELECT count(*)::INT, count(_distance)::INT FROM documents')).toEqual([
    [0, 0],
  ]);
});

test('the distance is no part of the row hash: it belongs to the query', async ({ staging }) => {
  for (const [runId, farther] of [
    ['documents-20261122T101500Z-0001', 0],
    ['documents-20261122T101500Z-0002', 9],
  ] as const) {
    const plan = searchPlan({ runId });
    await stageRun(plan, staging, answer(3, farther));
    await commitRun(plan, staging);
  }
  expect(
    await query(
      staging,
      'SELECT count(DISTINCT _row_hash)::INT, count(DISTINCT _distance)::INT, count(*)::INT FROM documents',
    ),
  ).toEqual([[3, 6, 6]]);
});

test.for([
  ['more rows than were asked for', 11, {}, /page 0 has 11 rows in its files, 11 in its receipt and 10/],
  ['fewer rows than its receipt names', 6, { rows: 7 }, /page 0 has 6 rows in its files, 7 in its receipt/],
] as const)('a search with %s is not published', async ([, rows, change, words], { staging }) => {
  const plan = searchPlan();
  await stageRun(plan, staging, answer(rows));
  await falsify(staging, plan, change);
  await expectRejection(commitRun(plan, staging), 'AUDIT_FAILED', words);
});

test('a search with one row twice is not published', async ({ staging }) => {
  const plan = searchPlan();
  await stageRun(plan, staging, () => {
    const repeated = rowIds(0, 4);
    repeated.values[3] = 0n;
    return { ...answer(4)(), _rowid: repeated };
  });
  await expectRejection(commitRun(plan, staging), 'AUDIT_FAILED', /4 with 3 distinct row ids/);
});

test('a short or empty page of a scan fails its audit as ever', async ({ staging }) => {
  const plan = planOf({ sourceRows: 10 });
  await stageRun(plan, staging, () => idsAndNames(0, 6));
  await expectRejection(commitRun(plan, staging), 'AUDIT_FAILED', /page 0 has 6 rows in its files/);
  await falsify(staging, plan, { rows: 0, files: [] });
  await expectRejection(
    commitRun(plan, staging),
    'AUDIT_FAILED',
    /page 0 has 0 rows in its files, 0 in its receipt and 10 in the plan/,
  );
});
