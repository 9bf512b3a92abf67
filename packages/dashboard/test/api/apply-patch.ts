import type { Overview, OverviewPatch } from '../../src/api/answers.ts';
import type { EventReader } from './event-reader.ts';

function merge<Row>(
  rows: readonly Row[],
  changed: readonly Row[],
  gone: readonly string[],
  keyOf: (row: Row) => string,
): Map<string, Row> {
  const merged = new Map(rows.map((row) => [keyOf(row), row]));
  for (const key of gone) merged.delete(key);
  for (const row of changed) merged.set(keyOf(row), row);
  return merged;
}

/** What a page makes of an overview and a patch. */
export function applyPatch(before: Overview, patch: OverviewPatch): Overview {
  const { gone, atMs, fleet, control, runsTotal } = patch;
  const points = [...merge(before.points, patch.points, [], ({ t }) => String(t)).values()].toSorted(
    (a, b) => a.t - b.t,
  );
  const last = points.at(-1)?.t ?? 0;
  const queues = merge(before.queues, patch.queues, [], ({ name }) => name);
  return {
    atMs,
    fleet,
    control,
    pointSeconds: before.pointSeconds,
    points: points.filter(({ t }) => t > last - 3600),
    tables: [...merge(before.tables, patch.tables, gone.tables, ({ table }) => table).values()].toSorted(
      (a, b) => (a.table < b.table ? -1 : 1),
    ),
    workers: [...merge(before.workers, patch.workers, gone.workers, ({ id }) => id).values()].toSorted(
      (a, b) => (a.id < b.id ? -1 : 1),
    ),
    queues: [...queues.values()],
    runs: [...merge(before.runs, patch.runs, gone.runs, ({ runId }) => runId).values()].toSorted(
      (a, b) => b.startedAtMs - a.startedAtMs || (a.runId < b.runId ? -1 : 1),
    ),
    runsTotal,
  };
}

/** Follows a stream as a page does until the overview fits. A client that was behind gets a snapshot in place of a patch. */
export async function followOverview(
  stream: EventReader,
  begin: Overview,
  fits: (overview: Overview) => boolean,
): Promise<Overview> {
  let overview = begin;
  while (!fits(overview)) {
    const next = await stream.next();
    if (!next) throw new Error('the stream ended before the overview fitted');
    if (next.event === 'snapshot') overview = next.data as Overview;
    else if (next.event === 'patch') overview = applyPatch(overview, next.data as OverviewPatch);
  }
  return overview;
}
