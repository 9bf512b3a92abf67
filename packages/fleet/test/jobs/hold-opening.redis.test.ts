import { expect } from 'vitest';
import { emptyReport, type PlanJob } from '@lance-offload/core';
import { holdOpening } from '../../src/jobs/hold-opening.ts';
import { startRun } from '../../src/jobs/run-control.ts';
import { expectRejection } from '../../../base/test/expect-code.ts';
import { planOf } from '../../../core/test/lake-fixture.ts';
import { fleetTest, REQUEST } from './fleet-fixture.ts';

const test = fleetTest(19);

/** The plan job of a run that a release before 2026-12 has opened: in Redis alone. */
const OLD: PlanJob = {
  ...REQUEST,
  payloadVersion: 2,
  runId: 'documents-20261125T101500Z-7f3a',
  startedAtMs: 1,
  full: false,
  sweepDeletes: false,
};

test('a run of an earlier release is opened in the lake before it is planned, and no other one beside it', async ({
  rig,
}) => {
  const { fleet } = rig;
  await fleet.queues.addRun(OLD, fleet.attempts);
  await holdOpening(OLD, fleet);
  await holdOpening(OLD, await rig.secondFleet()); // another attempt
  expect(await fleet.staging.lastOpening('documents')).toMatchObject({ number: 1, runId: OLD.runId });
  expect(await startRun(REQUEST, fleet)).toMatchObject({ runId: OLD.runId, adopted: true });
});

test('a run of an earlier release is not planned while another one is open, and is once that has ended', async ({
  rig,
}) => {
  const { fleet } = rig;
  const run = await startRun(REQUEST, fleet);
  await expectRejection(holdOpening(OLD, fleet), 'RUN_OPEN', new RegExp(`has an open run, ${run.runId}`));
  expect(await fleet.staging.lastOpening('documents')).toMatchObject({ number: 1 });
  await fleet.staging.createReport(emptyReport(planOf({ runId: run.runId }), 'cancelled'));
  await holdOpening(OLD, fleet);
  expect(await fleet.staging.lastOpening('documents')).toMatchObject({ number: 2, runId: OLD.runId });
});

test('a run of an earlier release that is planned is open without an opening', async ({ rig }) => {
  const { staging } = rig.fleet;
  const planned = planOf({ runId: 'documents-20261125T101400Z-0001' });
  await staging.createPlan(planned);
  await expectRejection(holdOpening(OLD, rig.fleet), 'RUN_OPEN', /has an open run, documents-.*0001/);
  expect(await staging.lastOpening('documents')).toBeUndefined();
});
