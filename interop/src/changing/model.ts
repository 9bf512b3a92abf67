import type { Row } from './arrow-rows.ts';

/** One run, as its report tells of it. */
export interface Run {
  readonly id: string;
  readonly sourceVersion: number;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  /** `--full`: everything is read, whatever the cursor. */
  readonly full: boolean;
  /** `--sweep-deletes`: the keys of the whole table are read besides. */
  readonly sweep: boolean;
}

/** A row that readers of the lake are to find, the run that brought it, and under SCD_TYPE_2 its bounds. */
export interface LakeRow {
  readonly row: Row;
  readonly runId: string;
  readonly start?: bigint;
  readonly end?: bigint | undefined;
}

/**
 * What a lake table must hold after each run, worked out from the rows the script wrote by what the documentation says of
 * a mode. As plain as can be, and without looking at lake or product. Rows of one key that differ at one sequence are told
 * apart by the product's row hash alone, which no model knows: the scripts write none, and a model throws on them.
 */
export interface Model {
  /** The rows of the lake after a run over a source that holds these. */
  take(source: readonly Row[], run: Run): readonly LakeRow[];
}

function plain(value: unknown): unknown {
  if (typeof value === 'number' || typeof value === 'bigint') return String(value); // of -0, as of 0, it is 0
  if (value instanceof Date) return value.getTime();
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return [...value].map(([key, item]) => [plain(key), plain(item)]);
  if (typeof value === 'object' && value !== null)
    return Object.entries(value).map(([name, item]) => [name, plain(item)]);
  return value;
}

/** What makes two rows the same: their values by name. A null counts like a column that is not there. */
export function contentOf(row: Row): string {
  const values = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return JSON.stringify(
    values.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => [name, plain(value)]),
  );
}

/** A row's key as text. */
function keyOf(row: Row, keys: readonly string[]): string {
  return JSON.stringify(keys.map((name) => plain(row[name])));
}

/** A whole number or an instant of a row; `undefined` where it has none. */
export function bigintOf(row: Row, column: string): bigint | undefined {
  const value = row[column];
  return typeof value === 'bigint' ? value : undefined;
}

/** Rows by their key. */
export function byKey(rows: readonly Row[], keys: readonly string[]): Map<string, Row[]> {
  return Map.groupBy(rows, (row) => keyOf(row, keys));
}

/** The rows an incremental run reads: from the last cursor on, inclusive, and those without one. */
export class CursorWindow {
  readonly column: string;
  #from: bigint | undefined;

  constructor(column: string) {
    this.column = column;
  }

  /** Where the next run begins. */
  get from(): bigint | undefined {
    return this.#from;
  }

  read(source: readonly Row[], { full }: Run): readonly Row[] {
    const from = full ? undefined : this.#from;
    const read = source.filter((row) => {
      const cursor = bigintOf(row, this.column);
      return from === undefined || cursor === undefined || cursor >= from;
    });
    for (const row of read) {
      const cursor = bigintOf(row, this.column);
      if (cursor !== undefined && (this.#from === undefined || cursor > this.#from)) this.#from = cursor;
    }
    return read;
  }
}
