import { isDeepStrictEqual } from 'node:util';
import type { Overview, OverviewPatch } from './answers.ts';

function changed<Row>(
  before: readonly Row[],
  after: readonly Row[],
  keyOf: (row: Row) => string | number,
): Row[] {
  const old = new Map(before.map((row) => [keyOf(row), row]));
  return after.filter((row) => !isDeepStrictEqual(old.get(keyOf(row)), row));
}

function gone<Row>(before: readonly Row[], after: readonly Row[], keyOf: (row: Row) => string): string[] {
  const there = new Set(after.map(keyOf));
  return before.map(keyOf).filter((key) => !there.has(key));
}

const tableKey = ({ table }: { readonly table: string }): string => table;
const workerKey = ({ id }: { readonly id: string }): string => id;
const runKey = ({ runId }: { readonly runId: string }): string => runId;

/**
 * What makes one overview of the other: rows that are new or have changed, by their keys, and keys that are gone. Points
 * that are gone are not named: they are those more than an hour before the last one. Tables are in order of their names,
 * workers of their ids, runs of their start and then their ids, the newest first.
 */
export function diffOverviews(before: Overview, after: Overview): OverviewPatch {
  return {
    atMs: after.atMs,
    fleet: after.fleet,
    control: after.control,
    points: changed(before.points, after.points, ({ t }) => t),
    tables: changed(before.tables, after.tables, tableKey),
    workers: changed(before.workers, after.workers, workerKey),
    queues: changed(before.queues, after.queues, ({ name }) => name),
    runs: changed(before.runs, after.runs, runKey),
    runsTotal: after.runsTotal,
    gone: {
      tables: gone(before.tables, after.tables, tableKey),
      workers: gone(before.workers, after.workers, workerKey),
      runs: gone(before.runs, after.runs, runKey),
    },
  };
}
