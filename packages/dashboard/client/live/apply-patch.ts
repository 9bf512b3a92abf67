import type { Overview, OverviewPatch, Point } from '../../src/api/answers.ts';

/** How far back the charts go, in seconds. */
export const SPAN_SECONDS = 3600;
/** A page that stays open for weeks keeps no more runs than this. */
const RUNS_KEPT = 1000;

/** Rows with those of `changed` in place of the ones of the same key, or after them; rows that did not change stay the same objects. */
function merge<Row>(
  rows: readonly Row[],
  changed: readonly Row[],
  keyOf: (row: Row) => string,
  gone: readonly string[] = [],
): readonly Row[] {
  if (changed.length === 0 && gone.length === 0) return rows;
  const next = new Map(rows.map((row) => [keyOf(row), row]));
  for (const row of changed) next.set(keyOf(row), row);
  for (const key of gone) next.delete(key);
  return [...next.values()];
}

function mergePoints(points: readonly Point[], changed: readonly Point[]): readonly Point[] {
  if (changed.length === 0) return points;
  const all = new Map(points.map((point) => [point.t, point]));
  for (const point of changed) all.set(point.t, point);
  const sorted = [...all.values()].toSorted((a, b) => a.t - b.t);
  const oldest = (sorted.at(-1)?.t ?? 0) - SPAN_SECONDS;
  return sorted.filter(({ t }) => t > oldest);
}

/** The overview after a patch; what the patch does not mention stays the same object. */
export function applyPatch(overview: Overview, patch: OverviewPatch): Overview {
  const runs = merge(overview.runs, patch.runs, ({ runId }) => runId, patch.gone.runs);
  return {
    ...overview,
    atMs: patch.atMs,
    fleet: patch.fleet,
    control: patch.control,
    points: mergePoints(overview.points, patch.points),
    tables: merge(overview.tables, patch.tables, ({ table }) => table, patch.gone.tables),
    workers: merge(overview.workers, patch.workers, ({ id }) => id, patch.gone.workers),
    queues: merge(overview.queues, patch.queues, ({ name }) => name),
    runs:
      runs === overview.runs
        ? runs
        : runs.toSorted((a, b) => b.startedAtMs - a.startedAtMs).slice(0, RUNS_KEPT),
    runsTotal: patch.runsTotal,
  };
}
