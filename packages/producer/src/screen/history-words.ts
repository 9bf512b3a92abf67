import type { HistoryPart } from '@lance-offload/core';
import { formatBytes, formatCount, formatTable } from './format.ts';

const OUTCOMES = ['inserted', 'updated', 'deleted', 'unchanged', 'late'] as const;
const HEAD = ['version', 'time', 'mode', 'source version', ...OUTCOMES, 'files', 'Parquet', 'run'] as const;

/** Commits as a table, the newest first. */
export function historyTable(commits: HistoryPart['commits']): string {
  return formatTable(
    HEAD,
    commits.map((commit) => [
      String(commit.version),
      commit.timestamp ?? '–',
      commit.ingestionType ?? commit.operation ?? '–',
      String(commit.sourceVersion ?? '–'),
      ...OUTCOMES.map((outcome) => formatCount(commit.rows[outcome])),
      `+${commit.filesAdded} −${commit.filesRemoved}`,
      formatBytes(commit.bytes),
      commit.runId ?? '–',
    ]),
  );
}

/** What comes before the oldest commit that is shown, if there is something to say. */
export function olderLines(table: string, { commits, hasOlder }: HistoryPart): string[] {
  const oldest = commits.at(-1)?.version ?? 0;
  if (hasOlder)
    return [`Older commits: lance-offload history ${table} --before ${oldest}, or --all for every one.`];
  return oldest > 0
    ? [`Versions before ${oldest} are no longer in the log; a checkpoint stands for them.`]
    : [];
}
