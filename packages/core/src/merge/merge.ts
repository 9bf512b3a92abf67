import type { Add } from '@lance-offload/delta';
import type { RowOutcomes } from '../commit/report.ts';

/** What merging a run into a table comes to: which rows of which files are deleted, and which files are added. */
export interface Merge {
  readonly outcomes: RowOutcomes;
  /** Positions of rows, ascending, by the path of their file in the log: rows of the lake, or of the run's own pages. */
  readonly deleted: ReadonlyMap<string, Uint32Array>;
  /** Files of closed versions. */
  readonly closed: readonly Add[];
  /** The greatest cursor of the lake after the run. */
  readonly cursor: string | undefined;
  /** Rows the table will have: current ones under SCD, those of this run under APPEND_ONLY. */
  readonly expectedRows: number;
}

/** What a mode decides; the rest of a merge is the same for all. Row positions are in the table `removed (file, row)`. */
export interface MergedRows {
  readonly outcomes: RowOutcomes;
  readonly expectedRows: number;
}
