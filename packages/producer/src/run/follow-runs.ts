import { setTimeout as sleep } from 'node:timers/promises';
import { isSettled, runStatus, type FleetLink, type RunStatus } from '@lance-offload/fleet';
import type { RunKey } from '@lance-offload/core';
import { StagedProgress, type StagedTotals } from './staged-progress.ts';

/** A run as it stands, with what of it is staged. */
export interface RunProgress {
  readonly status: RunStatus;
  readonly staged: StagedTotals;
}

/** Looks often at first, for runs that are over in a moment, then less and less: looking costs what the workers need. */
const FIRST_POLL_MS = 200;
const LAST_POLL_MS = 1000;
const POLL_GROWTH = 1.3;

/** Yields where the runs stand, again and again until each has ended or needs an operator. Reads only. */
export async function* followRuns(
  runs: readonly (RunKey & { readonly table: string })[],
  fleet: FleetLink,
  signal: AbortSignal,
): AsyncGenerator<RunProgress[]> {
  const progress = runs.map((run) => ({ run, totals: new StagedProgress(run, fleet.staging) }));
  let pollMs = FIRST_POLL_MS;
  while (!signal.aborted) {
    const standing = await Promise.all(
      progress.map(async ({ run, totals }) => ({
        status: await runStatus(run, fleet),
        staged: await totals.update(),
      })),
    );
    yield standing;
    if (standing.every(({ status }) => isSettled(status.state))) return;
    await sleep(pollMs, undefined, { signal }).catch(() => undefined); // stopped: the loop sees it
    pollMs = Math.min(pollMs * POLL_GROWTH, LAST_POLL_MS);
  }
}
