import { historyOf, readEntries, runOf, type Store } from '@lance-offload/delta';
import { outcomesOf } from '../commit/commit-actions.ts';
import type { RowOutcomes } from '../commit/report.ts';

/** A commit of a table, by whomever. */
interface Commit {
  readonly version: number;
  /** ISO 8601, by the clock of who committed it. */
  readonly timestamp: string | null;
  readonly operation: string | null;
  /** The run that made it, and how; `null` for another tool's. */
  readonly runId: string | null;
  readonly ingestionType: string | null;
  readonly sourceVersion: number | null;
  readonly rows: RowOutcomes;
  readonly bytes: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
}

/** A part of a table's history, the newest commit first. */
export interface HistoryPart {
  readonly commits: readonly Commit[];
  /** The log has entries of older versions than these. */
  readonly hasOlder: boolean;
}

/**
 * Reads what happened to a table, from a version back. No other entry of the log is read than those it answers, and one more.
 *
 * @param newest the version to begin with.
 * @param limit how many commits at most.
 * @throws OffloadError `LAKE_UNAVAILABLE`.
 */
export async function readHistory(table: Store, newest: number, limit: number): Promise<HistoryPart> {
  const commits: Commit[] = [];
  for await (const entry of readEntries(table, newest)) {
    if (commits.length === limit) return { commits, hasOlder: true };
    const [made] = historyOf([entry]);
    if (!made) break;
    const { version, commitInfo, adds, removes } = made;
    const { timestamp, operation } = commitInfo;
    commits.push({
      version,
      timestamp: timestamp === undefined ? null : new Date(timestamp).toISOString(),
      operation: operation ?? null,
      ...runOf(commitInfo),
      rows: outcomesOf(commitInfo).outcomes,
      bytes: Number(commitInfo.operationMetrics?.['numOutputBytes'] ?? 0),
      filesAdded: adds,
      filesRemoved: removes,
    });
  }
  return { commits, hasOlder: false };
}
