import { historyOf, readLog, runOf } from '../lake/delta-log.ts';
import type { Staging } from '../lake/staging.ts';
import type { TableState } from '../lake/table-state.ts';
import type { StandsOn } from './run-plan.ts';

/** The last commit of ours, as the log tells it; for lakes whose state does not name it. */
async function lastCommit(
  destination: string,
  staging: Staging,
): Promise<{ readonly runId: string; readonly committedAtMs: number | undefined } | undefined> {
  const [last] = historyOf(await readLog(staging.table(destination))).flatMap(({ commitInfo }) => {
    const { runId } = runOf(commitInfo);
    return runId === null ? [] : [{ runId, committedAtMs: commitInfo.timestamp }];
  });
  return last;
}

/** When the lake's last commit was made; asked for only where the lake recorded no identity of the version it holds. */
export async function committedAt(
  destination: string,
  state: TableState | undefined,
  staging: Staging,
): Promise<number | undefined> {
  if (!state || state.identity?.version === state.sourceVersion) return undefined;
  return (await lastCommit(destination, staging))?.committedAtMs;
}

/** What a run that has nothing to do stands on: the last commit, and what the report of its run says. */
export async function standsOn(
  destination: string,
  lake: { readonly state: TableState | undefined; readonly deltaVersion: number | null },
  staging: Staging,
): Promise<StandsOn> {
  const runId = lake.state?.runId ?? (await lastCommit(destination, staging))?.runId;
  const report = runId === undefined ? undefined : await staging.findReport({ destination, runId });
  const { lakeRows, verified, cursor } = report ?? {};
  return {
    ...(runId !== undefined && { runId }),
    deltaVersion: lake.deltaVersion,
    ...(lakeRows !== undefined &&
      verified !== undefined && { proved: { lakeRows, verified, ...(cursor !== undefined && { cursor }) } }),
  };
}
