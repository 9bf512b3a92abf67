import type { Search } from './search.ts';

/** A plain scan as the API wants it: `vector: []`, never a dummy vector, which would hide rows and cost a search. */
export interface ScanQuery {
  readonly vector: readonly [];
  readonly k: number;
  readonly offset: number;
  readonly version: number;
  readonly prefilter: true;
  readonly with_row_id: true;
  readonly columns?: readonly string[];
  readonly filter?: string;
}

/** What of a plan shapes its queries. */
export interface ScanSelection {
  readonly version: number;
  /** Names of the columns to ask for; `undefined` asks for all. */
  readonly columns?: readonly string[] | undefined;
  readonly filter?: string | undefined;
  /** Asks for the nearest rows in place of all. */
  readonly search?: Search | undefined;
}

export function scanQuery(
  selection: ScanSelection,
  range: { readonly offset: number; readonly limit: number },
): ScanQuery {
  return {
    vector: [],
    k: range.limit,
    offset: range.offset,
    version: selection.version,
    prefilter: true,
    with_row_id: true,
    ...(selection.columns && { columns: selection.columns }),
    ...(selection.filter !== undefined && { filter: selection.filter }),
  };
}
