import * as arrow from 'apache-arrow';
import { expect, vi } from 'vitest';
import { OffloadError } from '@lance-offload/base';
import { readLog, type Store } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import { Staging } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { int64, rowIds, utf8, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { tapStore, type Operation } from '../../../delta/test/store/tapped-store.ts';
import { planOf, stageRun, test } from '../lake-fixture.ts';
import { current, offload, PEOPLE, peoplePlan, person } from '../merge/people.ts';
import { stageTable } from '../merge/typed-table.ts';

vi.setConfig({ testTimeout: 120_000 });

// What fails behind the log entry does not matter to the run: it is published.

const MODES = ['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2'] as const;

const broken = (what: string): OffloadError => new OffloadError('LAKE_UNAVAILABLE', `${what} is broken`);

/** A lake some of whose operations fail from the moment when a run's entry is in the log. */
class FailingLake {
  readonly staging: Staging;
  #isOn = false;

  constructor(
    { store }: Staging,
    fails: (operation: Operation) => boolean,
    hides: (key: string) => boolean = () => false,
  ) {
    const tapped: Store = tapStore(store, (operation) => {
      if (this.#isOn && fails(operation)) throw broken(operation.key);
    });
    this.staging = new Staging({
      ...tapped,
      // DuckDB opens data files by what the store calls them.
      locate: (key) => (this.#isOn && hides(key) ? '/nowhere/at/all.parquet' : store.locate(key)),
    });
  }

  /** Commits a run, and breaks once its entry is there. */
  commit(plan: RunPlan): ReturnType<typeof commitRun> {
    return commitRun(plan, this.staging, (step) => {
      if (step === 'logged') this.#isOn = true;
    });
  }
}

const before = [person(1, 1, 'one'), person(2, 1, 'two')];
const changed = [person(1, 2, 'one, later'), person(2, 2, 'two'), person(3, 2, 'three')];

/** A published run and a staged one, which changes what the first has brought: its commit has deletion vectors. */
async function stageSecond(staging: Staging, ingestionType: (typeof MODES)[number]): Promise<RunPlan> {
  const changes = {
    ingestionType,
    rowsPerPage: 2,
    ...(ingestionType === 'APPEND_ONLY' && { primaryKeys: [], sequenceBy: null }),
  };
  await offload(staging, before, changes);
  const plan = peoplePlan(changed, changes);
  await stageTable(staging, plan, { types: PEOPLE, rows: changed.map((row) => ({ ...row })) });
  return plan;
}

/** What the next run of the table reports. */
async function nextRun(
  staging: Staging,
  ingestionType: (typeof MODES)[number],
): ReturnType<typeof commitRun> {
  const changes = {
    ingestionType,
    ...(ingestionType === 'APPEND_ONLY' && { primaryKeys: [], sequenceBy: null }),
  };
  return offload(staging, [...changed, person(4, 3, 'four')], changes);
}

const rowsAfter = { APPEND_ONLY: 3, SCD_TYPE_1: 3, SCD_TYPE_2: 3 };

for (const mode of MODES) {
  test(`${mode}: views that cannot be refreshed are a note, and the next run refreshes them`, async ({
    staging,
  }) => {
    const plan = await stageSecond(staging, mode);
    const lake = new FailingLake(staging, ({ name, key }) => name === 'put' && key === 'lake.duckdb');
    const report = await lake.commit(plan);
    expect(report).toMatchObject({
      state: 'published',
      verified: true,
      lakeRows: rowsAfter[mode],
      deltaVersion: 1,
    });
    expect(report.notes).toEqual([
      expect.stringMatching(
        /^lake\.duckdb could not be refreshed; the next commit does it: .*lake\.duckdb is broken/,
      ),
    ]);
    expect(await staging.findReport(plan)).toEqual(report);
    expect(await nextRun(staging, mode)).toMatchObject({
      state: 'published',
      verified: true,
      notes: [],
      deltaVersion: 2,
    });
  });

  test(`${mode}: rows that cannot be counted make a run that is published and not verified`, async ({
    staging,
  }) => {
    const plan = await stageSecond(staging, mode);
    const lake = new FailingLake(
      staging,
      () => false,
      (key) => key.includes(`/data/${plan.runId}/`),
    );
    const report = await lake.commit(plan);
    expect(report).toMatchObject({
      state: 'published',
      verified: false,
      lakeRows: 0,
      deltaVersion: 1,
      distinctRowIds: 3,
    });
    expect(report.notes.toSorted()).toEqual([
      expect.stringMatching(/^lake\.duckdb has no view of table "documents": /),
      expect.stringMatching(/^the rows of the lake could not be counted: /),
    ]);
    expect(await staging.findReport(plan)).toEqual(report);
    expect(await nextRun(staging, mode)).toMatchObject({
      state: 'published',
      verified: true,
      notes: [],
      deltaVersion: 2,
    });
  });

  test(`${mode}: a log that cannot be read again leaves a run that is published and not verified`, async ({
    staging,
  }) => {
    const plan = await stageSecond(staging, mode);
    const lake = new FailingLake(staging, ({ key }) => key.includes('_delta_log'));
    const report = await lake.commit(plan);
    expect(report).toMatchObject({
      state: 'published',
      verified: false,
      lakeRows: 0,
      deltaVersion: 1,
      distinctRowIds: 3,
    });
    expect(report.notes).toContainEqual(
      expect.stringMatching(/^the rows of the lake could not be counted: /),
    );
    expect(await nextRun(staging, mode)).toMatchObject({
      state: 'published',
      verified: true,
      deltaVersion: 2,
    });
  });

  test(`${mode}: a report that cannot be written fails the attempt, and the next one writes it`, async ({
    staging,
  }) => {
    const plan = await stageSecond(staging, mode);
    const lake = new FailingLake(
      staging,
      ({ name, key }) => name === 'putIfAbsent' && key.endsWith('report.json'),
    );
    for (let attempt = 1; attempt <= 2; attempt++)
      await expectRejection(lake.commit(plan), 'LAKE_UNAVAILABLE', /report\.json is broken/);
    expect(await staging.findReport(plan)).toBeUndefined();
    expect((await staging.findOpenRun('documents'))?.runId).toBe(plan.runId);
    const report = await commitRun(plan, staging);
    expect(report).toMatchObject({
      state: 'published',
      verified: true,
      lakeRows: rowsAfter[mode],
      notes: [],
    });
    expect(await readLog(staging.table('documents'))).toHaveLength(2);
    expect(await nextRun(staging, mode)).toMatchObject({
      state: 'published',
      verified: true,
      deltaVersion: 2,
    });
    expect((await current(staging)).length).toBeGreaterThan(3);
  });

  test(`${mode}: an attempt that ends at any step behind the log entry is finished by the next one`, async ({
    staging,
  }) => {
    const plan = await stageSecond(staging, mode);
    for (const last of ['logged', 'counted', 'reported'] as const)
      await expect(
        commitRun(plan, staging, (step) => {
          if (step === last) throw broken(step);
        }),
      ).rejects.toThrow(`${last} is broken`);
    const report = await commitRun(plan, staging);
    expect(report).toMatchObject({
      state: 'published',
      verified: true,
      lakeRows: rowsAfter[mode],
      deltaVersion: 1,
    });
    expect(await nextRun(staging, mode)).toMatchObject({
      state: 'published',
      verified: true,
      deltaVersion: 2,
    });
  });
}

/** A column of structs that have two fields which DuckDB takes for one. */
function twins(offset: number, count: number): Columns {
  const values = Array.from({ length: count }, (_, index) => BigInt(offset + index));
  const children = [int64(values), utf8(values.map(String))];
  const type = new arrow.Struct([
    new arrow.Field('a', new arrow.Int64(), true),
    new arrow.Field('A', new arrow.Utf8(), true),
  ]);
  return {
    id: int64(values),
    both: arrow.makeData({ type, length: count, nullCount: 0, children }),
    _rowid: rowIds(offset, count),
  };
}

test('a table that DuckDB can make no view of is published, with a note, and the next run and other tables too', async ({
  staging,
}) => {
  const columns = [
    { name: 'id', nullable: true, type: { type: 'int64' } },
    {
      name: 'both',
      nullable: true,
      type: {
        type: 'struct',
        fields: [
          { name: 'a', nullable: true, type: { type: 'int64' } },
          { name: 'A', nullable: true, type: { type: 'string' } },
        ],
      },
    },
  ];
  for (const [index, runId] of [
    'documents-20261122T101500Z-0001',
    'documents-20261122T111500Z-0002',
  ].entries()) {
    const plan = planOf({ runId, columns, sourceVersion: index + 1 });
    await stageRun(plan, staging, twins);
    const report = await commitRun(plan, staging);
    expect(report).toMatchObject({
      state: 'published',
      verified: false,
      deltaVersion: index,
      distinctRowIds: 25,
    });
    expect(report.notes).toContainEqual(
      expect.stringMatching(/^lake\.duckdb has no view of table "documents": /),
    );
    expect(report.notes).toContainEqual(
      expect.stringMatching(/^the rows of the lake could not be counted: /),
    );
  }
  const other = planOf({ runId: 'others-20261122T101500Z-0001', destination: 'others', table: 'others' });
  await stageRun(other, staging);
  const report = await commitRun(other, staging);
  expect(report).toMatchObject({ state: 'published', verified: true, lakeRows: 25 });
  expect(report.notes).toEqual([expect.stringMatching(/no view of table "documents"/)]);
});
