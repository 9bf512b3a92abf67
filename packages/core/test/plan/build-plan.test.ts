import { expect } from 'vitest';
import type { TableOptions } from '@lance-offload/base';
import { PAYLOAD_VERSION, type PlanJob } from '../../src/plan/plan-job.ts';
import { commitRun } from '../../src/commit/commit-run.ts';
import { openLake } from '../../src/stage/staging.ts';
import { buildPlan, type PlannedRun } from '../../src/plan/build-plan.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { ID_AND_NAME, planOf, stageRun } from '../lake-fixture.ts';
import { json, test, type Answer, type Served } from '../../../lancedb/test/http-server.ts';
import { inFolder } from '../../../base/test/in-folder.ts';

interface Source {
  readonly version?: number;
  readonly rows?: number;
  readonly fields?: readonly unknown[];
}

/** A server with one table, as far as a plan asks. */
function tableServer({ version = 7, rows = 25, fields = ID_AND_NAME }: Source = {}): Answer {
  return (response, request) => {
    const operation = /\/(\w+)\/$/.exec(request.url)?.[1];
    if (operation === 'describe') return json(200, { version, schema: { fields } })(response, request);
    if (operation === 'list')
      return json(200, { versions: [{ version, timestamp_millis: version }] })(response, request);
    if (operation === 'count_rows') return json(200, rows)(response, request);
    return json(404, { error: 'no such operation' })(response, request);
  };
}

async function planFor(
  { client }: Served,
  root: string,
  options: TableOptions = {},
  changes: Partial<PlanJob> = {},
): Promise<PlannedRun> {
  const job: PlanJob = {
    payloadVersion: PAYLOAD_VERSION,
    runId: 'documents-20261122T101500Z-7f3a',
    table: 'documents',
    destination: 'documents',
    source: client.url,
    startedAtMs: 5,
    options,
    full: false,
    sweepDeletes: false,
    ...changes,
  };
  return buildPlan(job, {
    source: client,
    staging: openLake(root),
    pageBytes: 65_536,
    createdBy: 'core-test',
  });
}

test('a plan pins the version the table has, and counts at that version', async ({ serve }) => {
  const served = await serve([tableServer()]);
  const { plan } = await inFolder((root) => planFor(served, root));
  expect(plan).toEqual(
    planOf({
      createdBy: 'core-test',
      source: served.url,
      startedAtMs: 5,
      sourceVersion: 7,
      identity: { version: 7, at: '1970-01-01T00:00:00.007Z' },
      rowsPerPage: 910,
      estimatedBytes: 1800,
    }),
  );
  expect(served.seen.map(({ url, body }) => [url, body])).toEqual([
    ['/v1/table/documents/describe/', { version: null }],
    ['/v1/table/documents/version/list/', {}],
    ['/v1/table/documents/stats/', {}],
    ['/v1/table/documents/count_rows/', { version: 7 }],
  ]);
});

test('options shape the plan', async ({ serve }) => {
  const served = await serve([tableServer({ version: 3 })]);
  const options: TableOptions = {
    version: 3,
    filter_expression: 'id > 5',
    offset: 20,
    batch_size: 2,
    columns: ['name'],
    with_row_id: true,
  };
  const { plan } = await inFolder((root) => planFor(served, root, options));
  expect(plan).toMatchObject({
    sourceVersion: 3,
    filter: 'id > 5',
    offset: 20,
    sourceRows: 5,
    rowsPerPage: 2,
    selectsColumns: true,
    withRowId: true,
    columns: [{ name: 'name' }],
  });
  expect(served.seen.map(({ body }) => body)).toEqual([
    { version: 3 },
    {},
    {},
    { version: 3, predicate: 'id > 5' },
  ]);
});

test('an offset beyond the rows plans none', async ({ serve }) => {
  const { plan } = await inFolder(async (root) =>
    planFor(await serve([tableServer()]), root, { offset: 30 }),
  );
  expect([plan.sourceRows, plan.offset]).toEqual([0, 30]);
});

test('a table the lake holds at this version and selection is unchanged', async ({ serve }) => {
  const served = await serve([tableServer()]);
  await inFolder(async (root) => {
    const staging = openLake(root);
    const published = planOf({ source: served.url, sourceVersion: 7 });
    await stageRun(published, staging);
    await commitRun(published, staging);
    const again = await planFor(served, root);
    expect([again.plan.unchanged, again.plan.notes]).toEqual([true, []]);
    expect((await planFor(served, root, { filter_expression: 'id > 1' })).plan.unchanged).toBe(false);
    const later = await planFor(await serve([tableServer({ version: 8 })]), root);
    expect([later.plan.unchanged, later.plan.notes.length]).toEqual([false, 1]);
  });
});

test('a table that no longer fits its lake table is refused before a page is planned', async ({ serve }) => {
  const fields = [column('id', 'string'), column('name', 'string')];
  const served = await serve([tableServer({ version: 8, fields })]);
  await inFolder(async (root) => {
    const staging = openLake(root);
    await stageRun(planOf(), staging);
    await commitRun(planOf(), staging);
    await expectRejection(planFor(served, root), 'SCHEMA_MISMATCH', /"id" is "long" in the lake/);
  });
});

test('a lake table whose name differs in case only is refused', async ({ serve }) => {
  const served = await serve([tableServer()]);
  await inFolder(async (root) => {
    await openLake(root).createPlan(planOf({ destination: 'Documents' }));
    await expectRejection(planFor(served, root), 'CONFIG_INVALID', /has a table "Documents"/);
  });
});

test('a type the lake cannot hold is refused', async ({ serve }) => {
  const served = await serve([tableServer({ fields: [column('id', 'int64'), column('gap', 'interval')] })]);
  await expectRejection(
    inFolder((root) => planFor(served, root)),
    'TYPE_UNSUPPORTED',
    /"gap"/,
  );
});
