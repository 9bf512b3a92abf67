import type { ScanSelection } from './query.ts';

/** A scan that is read in pages: one table at one version, and what of it. */
export interface PagedScan extends ScanSelection {
  readonly table: string;
  /** Names the scan: what one page of it teaches about the size of answers serves the next. */
  readonly id: string;
  readonly rowsPerPage: number;
  /** An Arrow answer that is much larger is split. */
  readonly pageBytes: number;
}

/** An offset range of a scan. */
export interface ScanRange {
  readonly index: number;
  readonly offset: number;
  readonly limit: number;
}

/** Answers that go into one file together, and the rows they hold. */
export interface FetchedPart {
  readonly bodies: Uint8Array<ArrayBuffer>[];
  readonly rows: number;
  readonly requests: number;
}
