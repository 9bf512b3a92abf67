import { instant, int64, utf8 } from '../../../examples/quickstart/src/columns.ts';
import { widthOf, type ColumnTypes, type Row } from './arrow-rows.ts';
import type { LakeRow, Run } from './model.ts';
import type { Script } from './scripts/script.ts';

/** What readers of a lake table are to find at one of its Delta versions. */
export interface LakeVersion {
  readonly version: number;
  /** A moment at which this was the latest one; milliseconds since 1970. */
  readonly atMs: number;
  /** In the lake's order, `_row_hash` and all. */
  readonly columns: ColumnTypes;
  readonly rows: readonly Row[];
}

/** The one column whose values no model knows. */
export const ROW_HASH = '_row_hash';

function ownColumns({ bounds }: Script): ColumnTypes {
  return {
    _run_id: utf8,
    _offloaded_at: instant,
    [ROW_HASH]: int64,
    ...(bounds && { __START_AT: bounds, __END_AT: bounds }),
  };
}

/** The lake's columns after a run: those it had, each in the wider of its types, then those that are new. */
export function columnsAfter(
  before: ColumnTypes | undefined,
  source: ColumnTypes,
  script: Script,
): ColumnTypes {
  if (!before) return { ...source, ...ownColumns(script) };
  const kept = Object.entries(before).map(([name, type]) => {
    const now = source[name];
    return [name, now && widthOf(now) > widthOf(type) ? now : type] as const;
  });
  const added = Object.entries(source).filter(([name]) => !(name in before));
  return Object.fromEntries([...kept, ...added]);
}

/** A model's rows with the lake's own columns. */
export function withLineage(
  rows: readonly LakeRow[],
  runs: ReadonlyMap<string, Run>,
  { bounds }: Script,
): Row[] {
  return rows.map(({ row, runId, start, end }) => ({
    ...row,
    _run_id: runId,
    _offloaded_at: BigInt(runs.get(runId)?.startedAtMs ?? 0) * 1000n,
    ...(bounds && { __START_AT: start, __END_AT: end ?? null }),
  }));
}
