import type { Row } from './arrow-rows.ts';
import { bigintOf, byKey, contentOf, CursorWindow, type LakeRow, type Model, type Run } from './model.ts';

interface Scd1 {
  readonly keys: readonly string[];
  /** Cursor and sequence at once; without one every run reads everything, and what it reads is newer. */
  readonly cursorField?: string;
}

/** The newest of one key's rows in a run. */
function newestOf(rows: readonly Row[], sequenceOf: (row: Row) => bigint): Row {
  const [first, ...more] = rows;
  if (first === undefined) throw new TypeError('a key without rows');
  return more.reduce((newest, row) => {
    if (sequenceOf(row) !== sequenceOf(newest)) return sequenceOf(row) > sequenceOf(newest) ? row : newest;
    if (contentOf(row) !== contentOf(newest)) throw new Error(`the script wrote a tie: ${contentOf(row)}`);
    return newest;
  }, first);
}

/** Below every sequence: rows without one have been there always. */
const NEVER = -(2n ** 63n);

/** SCD_TYPE_1: of each key the row with the greatest sequence, until the key is gone from a complete snapshot or a sweep. */
export function scd1Model({ keys, cursorField }: Scd1): Model {
  const window = cursorField === undefined ? undefined : new CursorWindow(cursorField);
  const sequenceOf = (row: Row) => (cursorField === undefined ? 0n : (bigintOf(row, cursorField) ?? NEVER));
  const lake = new Map<string, LakeRow>();
  const removeGone = (source: readonly Row[], { full, sweep }: Run, incremental: boolean) => {
    if (incremental && !full && !sweep) return;
    const present = byKey(source, keys);
    for (const key of lake.keys()) if (!present.has(key)) lake.delete(key);
  };
  return {
    take(source, run) {
      const incremental = window?.from !== undefined;
      for (const [key, rows] of byKey(window?.read(source, run) ?? source, keys)) {
        const row = newestOf(rows, sequenceOf);
        const held = lake.get(key);
        const isNews =
          !held || (contentOf(held.row) !== contentOf(row) && sequenceOf(row) >= sequenceOf(held.row));
        if (isNews) lake.set(key, { row, runId: run.id });
      }
      removeGone(source, run, incremental);
      return [...lake.values()];
    },
  };
}
