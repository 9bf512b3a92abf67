import { entriesUpTo, readLog, type Action, type LogEntry } from '@lance-offload/delta';
import { lastCommitIn } from '../commit/commit-actions.ts';
import type { Staging } from '../stage/staging.ts';
import type { TableState } from '../lake/table-state.ts';
import type { StandsOn } from './run-plan.ts';

/** When the lake's last commit was made; asked for only where the lake recorded no identity of the version it holds. */
export async function committedAt(
  destination: string,
  state: TableState | undefined,
  staging: Staging,
): Promise<number | undefined> {
  if (!state || state.identity?.version === state.sourceVersion) return undefined;
  const last = lastCommitIn(await readLog(staging.table(destination)));
  return last?.entry.actions.find(({ commitInfo }) => commitInfo)?.commitInfo?.timestamp;
}

const changesRows = ({ add, remove }: Action): boolean => (add ?? remove)?.dataChange ?? remove !== undefined;

/** The first version behind a commit of ours in which somebody else has changed rows; a compaction changes none. */
function changedAfter(version: number, log: readonly LogEntry[]): number | undefined {
  return log.find((entry) => entry.version > version && entry.actions.some(changesRows))?.version;
}

/** What a run that has nothing to do stands on: the last commit, and what the report of its run says, where that still holds. */
export async function standsOn(
  destination: string,
  lake: { readonly state: TableState | undefined; readonly deltaVersion: number | null },
  staging: Staging,
): Promise<StandsOn> {
  const { state, deltaVersion } = lake;
  const log = entriesUpTo(await readLog(staging.table(destination)), deltaVersion ?? -1);
  const last = lastCommitIn(log);
  const runId = state?.runId ?? last?.runId;
  const changedIn = last && changedAfter(last.entry.version, log);
  const report = runId === undefined ? undefined : await staging.findReport({ destination, runId });
  const { lakeRows, verified, cursor } = report ?? {};
  return {
    ...(runId !== undefined && { runId }),
    deltaVersion,
    ...(changedIn !== undefined && { changedIn }),
    ...(changedIn === undefined &&
      lakeRows !== undefined &&
      verified !== undefined && { proved: { lakeRows, verified, ...(cursor !== undefined && { cursor }) } }),
  };
}
