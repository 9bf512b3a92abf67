import { expect } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { stageRun, test } from '../lake-fixture.ts';
import { offload, outcomes, peopleColumns, peoplePlan, person, stateOf } from './people.ts';

const TRACKED = { changeTracking: 'row_version', sequenceBy: null } as const;
const APPEND: Partial<RunPlan> = { ...TRACKED, ingestionType: 'APPEND_ONLY', primaryKeys: [] };

test('the state of row versions moves in the commit with the data, and goes when a later run does without', async ({
  staging,
}) => {
  const people = [person(1, 1, 'ann'), person(2, 1, 'bob')];
  const identity = { version: 3, at: '2026-11-24T10:00:00.000Z' };
  await offload(staging, people, { ...TRACKED, sourceVersion: 3, identity });
  expect(await stateOf(staging)).toMatchObject({
    sourceVersion: 3,
    changeTracking: 'row_version',
    identity,
  });
  const report = await offload(staging, [person(2, 1, 'bo')], {
    ...TRACKED,
    sourceVersion: 5,
    changedSince: 3,
  });
  expect(report).toMatchObject({
    verified: true,
    changedSince: 3,
    lakeRows: 2,
    rows: outcomes({ updated: 1 }),
  });
  await offload(staging, people, { sequenceBy: null, sourceVersion: 6 });
  expect(await stateOf(staging)).toMatchObject({ changeTracking: undefined, identity: undefined });
});

test('an APPEND_ONLY run after a version the lake has left meanwhile is not published: its rows would come in twice', async ({
  staging,
}) => {
  await offload(staging, [person(1, 1, 'ann')], { ...APPEND, sourceVersion: 3 });
  const people = [person(2, 1, 'bob'), person(3, 1, 'cy')];
  const late = peoplePlan(people, { ...APPEND, sourceVersion: 5, changedSince: 3 });
  await stageRun(late, staging, peopleColumns(people));
  const report = await offload(staging, [person(2, 1, 'bob')], {
    ...APPEND,
    sourceVersion: 4,
    changedSince: 3,
  });
  expect(report).toMatchObject({ verified: true, lakeRows: 1, rows: outcomes({ inserted: 1 }) });
  await expectRejection(commitRun(late, staging), 'RUN_OVERTAKEN', /gone on to version 4/);
});
