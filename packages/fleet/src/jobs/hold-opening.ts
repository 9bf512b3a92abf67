import { OffloadError } from '@lance-offload/base';
import { newAttemptId, type Staging, type PlanJob } from '@lance-offload/core';
import { FORMAT_VERSION } from '@lance-offload/delta';
import { fleetId } from './fleet-id.ts';
import type { FleetLink } from './fleet-link.ts';

/** The run of a table that is open, whatever release has opened it. */
async function openRunOf(destination: string, staging: Staging): Promise<string | undefined> {
  const last = await staging.lastOpening(destination);
  if (!last) return (await staging.findOpenRun(destination))?.runId;
  return (await staging.hasEnded({ destination, runId: last.runId })) ? undefined : last.runId;
}

/**
 * Makes sure that a run is its table's open one before it is planned. Releases before 2026-12 opened runs in Redis alone, so
 * that another run may have been opened in the lake since: one of them gets its plan.
 *
 * @throws OffloadError `RUN_OPEN` where another run of the table is open.
 */
export async function holdOpening(
  job: PlanJob,
  fleet: Pick<FleetLink, 'redis' | 'prefix' | 'staging'>,
): Promise<void> {
  const { runId, table, destination } = job;
  const { staging } = fleet;
  const last = await staging.lastOpening(destination);
  if (last?.runId === runId) return;
  const open = await openRunOf(destination, staging);
  const holder = open ?? (await claimNext(job, last?.number ?? 0, fleet));
  if (holder === runId) return;
  throw new OffloadError(
    'RUN_OPEN',
    `Run ${runId} cannot be planned: table "${table}" has an open run, ${holder}; retry this one when that has ended, or cancel it`,
    { table, runId },
  );
}

/** The run that has the next opening of a table: this one, or who was first. */
async function claimNext(
  job: PlanJob,
  last: number,
  fleet: Pick<FleetLink, 'redis' | 'prefix' | 'staging'>,
): Promise<string> {
  const { claim } = await fleet.staging.claimOpening({
    formatVersion: FORMAT_VERSION,
    number: last + 1,
    runId: job.runId,
    job,
    fleet: await fleetId(fleet),
    attempt: newAttemptId(),
    openedAtMs: Date.now(),
  });
  return claim.runId;
}
