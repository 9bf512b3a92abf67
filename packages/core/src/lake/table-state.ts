import { selectionOf, type RunPlan } from '../plan/run-plan.ts';
import { SELECTION_KEY, type Snapshot } from './delta-log.ts';

/** Keys of `metaData.configuration`: what the lake holds of the source. They move in the same commit as the data. */
const SOURCE_VERSION_KEY = 'lanceOffload.sourceVersion';

export function stateAfter(plan: RunPlan): Record<string, string> {
  return { [SOURCE_VERSION_KEY]: String(plan.sourceVersion), [SELECTION_KEY]: selectionOf(plan) };
}

/** Whether the table's last commit holds just what this plan would read. */
export function isUnchanged(plan: RunPlan, snapshot: Snapshot | undefined): boolean {
  const state = snapshot?.metaData.configuration ?? {};
  return Object.entries(stateAfter(plan)).every(([key, value]) => state[key] === value);
}

/** The source version of the table's last commit. */
export function committedVersion(snapshot: Snapshot | undefined): number | undefined {
  const version = snapshot?.metaData.configuration[SOURCE_VERSION_KEY];
  return version === undefined ? undefined : Number(version);
}
