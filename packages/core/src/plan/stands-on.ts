import { readEntries, type Action, type Store } from '@lance-offload/delta';
import { lastCommitOf } from '../commit/commit-actions.ts';
import type { Staging } from '../stage/staging.ts';
import type { TableState } from '../lake/table-state.ts';
import type { StandsOn } from './run-plan.ts';

/** When the lake's last commit was made; asked for only where the lake kept no identity of the version it holds. */
export async function committedAt(
  destination: string,
  state: TableState | undefined,
  staging: Staging,
): Promise<number | undefined> {
  if (!state || state.identity?.version === state.sourceVersion) return undefined;
  const last = await lastCommitOf(staging.table(destination));
  return last?.entry.actions.find(({ commitInfo }) => commitInfo)?.commitInfo?.timestamp;
}

const changesRows = ({ add, remove }: Action): boolean => (add ?? remove)?.dataChange ?? remove !== undefined;

/** The first version behind a commit of ours in which somebody else has changed rows; a compaction changes none. */
async function changedAfter(version: number, table: Store, newest: number): Promise<number | undefined> {
  let changed: number | undefined;
  for await (const entry of readEntries(table, newest)) {
    if (entry.version <= version) break;
    if (entry.actions.some(changesRows)) changed = entry.version;
  }
  return changed;
}

/** What a run that has nothing to do stands on: the last commit, and what the report of its run says, where that still holds. */
export async function standsOn(
  destination: string,
  lake: { readonly state: TableState | undefined; readonly deltaVersion: number | null },
  staging: Staging,
): Promise<StandsOn> {
  const { state, deltaVersion } = lake;
  const table = staging.table(destination);
  const newest = deltaVersion ?? -1;
  const last = await lastCommitOf(table, newest);
  const runId = state?.runId ?? last?.runId;
  const changedIn = last && (await changedAfter(last.entry.version, table, newest));
  const report = runId === undefined ? undefined : await staging.findReport({ destination, runId });
  const { lakeRows, verified, cursor } = report ?? {};
  return {
    ...(runId !== undefined && { runId }),
    deltaVersion,
    ...(changedIn !== undefined && { changedIn }),
    ...(last &&
      changedIn === undefined &&
      lakeRows !== undefined &&
      verified !== undefined && { proved: { lakeRows, verified, ...(cursor !== undefined && { cursor }) } }),
  };
}
