import { bigintOf, contentOf, CursorWindow, type LakeRow, type Model } from './model.ts';

/**
 * APPEND_ONLY with a cursor: whatever a run reads is appended, but for rows at the very last cursor value, or without one,
 * that the lake has as often already. Rows that are gone stay, those that arrive before the cursor are not seen until
 * `--full`, which appends everything once more.
 */
export function appendModel(cursorField: string): Model {
  const window = new CursorWindow(cursorField);
  const lake: LakeRow[] = [];
  return {
    take(source, run) {
      const from = run.full ? undefined : window.from;
      const isRead = (cursor: bigint | undefined) => cursor === undefined || cursor === from;
      const held = new Map<string, number>();
      for (const { row } of from === undefined ? [] : lake) {
        if (isRead(bigintOf(row, cursorField))) held.set(contentOf(row), (held.get(contentOf(row)) ?? 0) + 1);
      }
      for (const row of window.read(source, run)) {
        const copies = held.get(contentOf(row)) ?? 0;
        if (copies > 0) held.set(contentOf(row), copies - 1);
        else lake.push({ row, runId: run.id });
      }
      return [...lake];
    },
  };
}
