import type { IngestionType } from '@lance-offload/base';

/** Ways in which a lake table can be wrong. */
export const FAULTS = ['missing', 'extra', 'different', 'repeated'] as const;

/**
 * Ways in which it may differ and be right all the same: rows the runs so far were not told to look for, or that the rules
 * of its mode keep.
 *
 * - `gone`: keys the source has no more; deletes were not looked for at the committed version.
 * - `unselected`: keys the source has, but the selection leaves out by now.
 * - `newer`: keys whose row in the lake has a greater sequence than any at the source (a late row does not count).
 * - `tied`: keys whose row in the lake is another of the source's rows with the same key and sequence.
 * - `inexact`: rows that are equal, but not bit for bit: the sign of a zero or the bits of a NaN differ, in a row that an
 *   earlier run brought. A merge takes such a change for none. In a row of the last run it is a fault (`different`).
 * - `past`: APPEND_ONLY rows that were changed or deleted at the source since they were appended.
 */
type Explained = 'gone' | 'unselected' | 'newer' | 'tied' | 'inexact' | 'past';

export type FindingKind = (typeof FAULTS)[number] | Explained;

/** A value as JSON has it; numbers that JSON cannot hold exactly are texts. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue };

/** A row or key that was found to differ. */
export interface Found {
  /** The values that name it: the primary keys; `_rowid` at the committed version where there are none. */
  readonly key: Readonly<Record<string, JsonValue>>;
  /** Its place in the order of its versions; its cursor under APPEND_ONLY. Absent where it has none. */
  readonly sourceSequence?: JsonValue;
  readonly lakeSequence?: JsonValue;
  /** Where it is in the lake: a data file, relative to the table, and a row of it, from 0. */
  readonly file?: string;
  readonly row?: number;
}

/** How many there are of a kind, and the first of them. */
export interface Finding {
  readonly count: number;
  readonly shown: readonly Found[];
}

export type Findings = Readonly<Record<FindingKind, Finding>>;

const NOTHING: Finding = { count: 0, shown: [] };

export const NO_FINDINGS: Findings = {
  missing: NOTHING,
  extra: NOTHING,
  different: NOTHING,
  repeated: NOTHING,
  gone: NOTHING,
  unselected: NOTHING,
  newer: NOTHING,
  tied: NOTHING,
  inexact: NOTHING,
  past: NOTHING,
};

/** What comparing a lake table with its source has shown. */
export interface TableVerdict {
  readonly table: string;
  readonly destination: string;
  readonly ingestionType: IngestionType;
  /** The version of the source that the lake holds, and was compared with. */
  readonly sourceVersion: number;
  readonly deltaVersion: number;
  /** The last version of the source in which deleted keys were looked for. */
  readonly deletesVersion: number | null;
  /** Rows of that version and selection: as many as the source counts, each with a row id of its own. */
  readonly sourceRows: number;
  /** What was compared with them: under SCD the current rows, APPEND_ONLY those of the last run, or all with a cursor. */
  readonly lakeRows: number;
  readonly findings: Findings;
  /** Nothing is wrong: what differs is explained. */
  readonly agrees: boolean;
  readonly notes: readonly string[];
}
