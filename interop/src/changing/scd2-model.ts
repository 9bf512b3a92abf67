import type { Row } from './arrow-rows.ts';
import { bigintOf, byKey, contentOf, type LakeRow, type Model, type Run } from './model.ts';

interface Scd2 {
  readonly keys: readonly string[];
  /** A column of whole numbers or instants; the source's version where there is none. */
  readonly sequenceBy?: string;
}

/** On the line of a key: from a moment on it has this row, or none. */
interface Event {
  readonly moment: bigint;
  readonly held: { readonly row: Row; readonly runId: string; readonly sequence: bigint } | undefined;
}

/** The rows that a key's events come to: each lasts until the next event. A delete goes in front of a row of its moment. */
function versionsOf(events: readonly Event[]): LakeRow[] {
  return events.flatMap(({ moment, held }, index) =>
    held ? [{ row: held.row, runId: held.runId, start: moment, end: events[index + 1]?.moment }] : [],
  );
}

function inOrder(events: readonly Event[]): Event[] {
  return events.toSorted((a, b) =>
    a.moment === b.moment
      ? Number(a.held !== undefined) - Number(b.held !== undefined)
      : a.moment < b.moment
        ? -1
        : 1,
  );
}

const greatest = (values: readonly bigint[]): bigint => values.reduce((a, b) => (b > a ? b : a), 0n);

/**
 * SCD_TYPE_2 over complete snapshots: every version of a key from its sequence on, deletes from the latest moment the data
 * knows. What has no place on that line otherwise goes where it is true now: a key that comes back begins then, however old
 * its sequence; an update of such a key, still with an old one, right after; another content at a known sequence replaces it.
 */
export function scd2Model({ keys, sequenceBy }: Scd2): Model {
  const lines = new Map<string, Event[]>();

  function sequenceOf(row: Row, { sourceVersion }: Run): bigint {
    const sequence = sequenceBy === undefined ? BigInt(sourceVersion) : bigintOf(row, sequenceBy);
    if (sequence === undefined)
      throw new Error(`the script wrote a row without a sequence: ${contentOf(row)}`);
    return sequence;
  }

  function place(line: readonly Event[], row: Row, isNewest: boolean, now: bigint, run: Run): Event[] {
    const sequence = sequenceOf(row, run);
    const held = { row, runId: run.id, sequence };
    const last = line.at(-1);
    if (isNewest && last && !last.held && sequence < last.moment)
      return [...line, { moment: greatest([last.moment, now]), held }];
    if (isNewest && last?.held && last.held.sequence < sequence && sequence <= last.moment)
      return [...line, { moment: last.moment + 1n, held }];
    const isKnown = (event: Event | undefined) => event?.held && contentOf(event.held.row) === contentOf(row);
    if (sequenceBy === undefined ? isKnown(last) : line.some(isKnown)) return [...line];
    const same = line.findLastIndex((event) => event.held?.sequence === sequence);
    if (same !== -1) return line.with(same, { moment: line[same]?.moment ?? sequence, held });
    return inOrder([...line, { moment: sequence, held }]);
  }

  return {
    take(source, run) {
      const read = byKey(source, keys);
      const moments = [...lines.values()].flat().map(({ moment }) => moment);
      const now = greatest([...moments, ...source.map((row) => sequenceOf(row, run))]);
      for (const [key, rows] of read) {
        const distinct = [...new Map(rows.map((row) => [contentOf(row), row])).values()];
        const ordered = distinct.toSorted((a, b) => (sequenceOf(a, run) < sequenceOf(b, run) ? -1 : 1));
        if (new Set(ordered.map((row) => sequenceOf(row, run))).size < ordered.length)
          throw new Error(`the script wrote a tie of ${key}`);
        const before = lines.get(key) ?? [];
        const line = ordered.reduce(
          (events, row) => place(events, row, row === ordered.at(-1), now, run),
          before,
        );
        lines.set(key, line);
      }
      for (const [key, line] of lines) {
        const last = line.at(-1);
        if (read.has(key) || !last?.held) continue;
        lines.set(key, [...line, { moment: greatest([now, last.moment + 1n]), held: undefined }]);
      }
      return [...lines.values()].flatMap(versionsOf);
    },
  };
}
