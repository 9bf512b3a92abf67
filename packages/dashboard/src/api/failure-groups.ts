import type { FleetLink } from '@lance-offload/fleet';
import type { FailureGroup } from './answers.ts';
import { describeFailures, type KnownFailure } from './failure-facts.ts';

/** Groups and runs of a group that are told; those that failed last. */
const MOST_GROUPS = 500;
const MOST_RUNS = 50;

interface Group {
  newest: KnownFailure;
  count: number;
  readonly runs: Map<string, number>;
  minAttempts: number;
  maxAttempts: number;
  firstSeenMs: number;
}

function add(group: Group, failure: KnownFailure): void {
  group.count += 1;
  group.minAttempts = Math.min(group.minAttempts, failure.attempts);
  group.maxAttempts = Math.max(group.maxAttempts, failure.attempts);
  group.firstSeenMs = Math.min(group.firstSeenMs, failure.atMs);
  group.runs.set(failure.runId, Math.max(group.runs.get(failure.runId) ?? 0, failure.atMs));
  if (failure.atMs > group.newest.atMs) group.newest = failure;
}

function groupBy(failures: Iterable<KnownFailure>): Group[] {
  const groups = new Map<string, Group>();
  for (const failure of failures) {
    const key = JSON.stringify([failure.code, failure.table]);
    const group = groups.get(key) ?? {
      newest: failure,
      count: 0,
      runs: new Map(),
      minAttempts: failure.attempts,
      maxAttempts: failure.attempts,
      firstSeenMs: failure.atMs,
    };
    groups.set(key, group);
    add(group, failure);
  }
  return [...groups.values()].toSorted((a, b) => b.newest.atMs - a.newest.atMs);
}

const newestRuns = (runs: ReadonlyMap<string, number>): string[] =>
  [...runs]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, MOST_RUNS)
    .map(([runId]) => runId);

/** Failures by code and table, those that failed last first, with the words of the newest of each. */
export async function groupFailures(
  failures: Iterable<KnownFailure>,
  fleet: FleetLink,
): Promise<FailureGroup[]> {
  const groups = groupBy(failures).slice(0, MOST_GROUPS);
  const newest = await describeFailures(
    groups.map((group) => group.newest),
    fleet,
  );
  return groups.flatMap((group, index) => {
    const words = newest[index];
    if (!words) return [];
    return {
      code: words.code,
      table: words.table,
      step: words.step,
      hint: words.hint,
      message: words.message,
      count: group.count,
      runs: newestRuns(group.runs),
      minAttempts: group.minAttempts,
      maxAttempts: group.maxAttempts,
      firstSeenMs: group.firstSeenMs,
      lastSeenMs: words.atMs,
    };
  });
}
