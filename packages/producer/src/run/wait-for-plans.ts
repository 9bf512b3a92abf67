import { setTimeout as sleep } from 'node:timers/promises';
import { runStatus, type FleetLink } from '@lance-offload/fleet';
import type { RunKey } from '@lance-offload/core';
import type { Context } from '../context.ts';
import { startPlanWorker } from './plan-worker.ts';

const POLL_MS = 200;

/**
 * Plans are made by producers, and this may be the only one: waits until those of these runs are made, or have failed
 * again. A paused one is not waited for.
 */
export async function waitForPlans(
  runs: readonly (RunKey & { readonly table: string })[],
  context: Context,
  fleet: FleetLink,
  signal: AbortSignal,
): Promise<void> {
  if (runs.length === 0) return;
  startPlanWorker(context, fleet);
  for (const run of runs) {
    for (;;) {
      const { state, paused } = await runStatus(run, fleet);
      if (state !== 'planning' || paused || signal.aborted) break;
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined); // stopped: the loop sees it
    }
  }
}
