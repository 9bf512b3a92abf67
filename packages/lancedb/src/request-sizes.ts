import type { PagedScan } from './paged-scan.ts';

/** An answer may be this much larger than planned before it is split: estimates of row size are no more exact. */
export const FETCH_TOLERANCE = 1.5;
/** A single row may be this many times as large as a page; more is a server's, or a packed body's, error. */
const ROW_TOLERANCE = 16;
const LEAST_ROW_BYTES = 2 ** 26;

/** The largest answer that is taken for so many rows. A single row cannot be split, and is taken at almost any size. */
export function maxAnswerBytes({ pageBytes }: Pick<PagedScan, 'pageBytes'>, rows: number): number {
  return rows === 1 ? Math.max(LEAST_ROW_BYTES, pageBytes * ROW_TOLERANCE) : pageBytes * FETCH_TOLERANCE;
}

/** Room in an answer for so many rows, and for some that are repeated. */
export const roomFor = (rows: number): number => rows + Math.ceil(rows / 8) + 16;

/** An answer to fewer tells nothing of a cap: rows may just be missing. */
const TELLING_ROWS = 500;
/** A server that has sent this many times as many rows as it was asked for now caps nothing here. */
const TELLING_SHARE = 4;
/** Scans whose sizes are remembered. */
const MAX_SCANS = 1000;

interface Sizes {
  /** Rows whose answer stays within `pageBytes`, once one was too large. */
  byBytes: number;
  /** Rows the server is willing to send at once, once it sent far fewer than it was asked for. */
  byCap: number;
  /** Rows of the largest answer. */
  most: number;
  /** It was seen to leave rows out. */
  leavesOut: boolean;
}

/** Remembers, per scan, how many rows are worth asking for at once. */
export class RequestSizes {
  readonly #scans = new Map<string, Sizes>();

  rowsFor({ id, rowsPerPage }: PagedScan): number {
    const { byBytes, byCap } = this.#scans.get(id) ?? { byBytes: rowsPerPage, byCap: rowsPerPage };
    return Math.min(byBytes, byCap);
  }

  /** Of an answer that was too large. */
  halve(scan: PagedScan, rows: number): void {
    this.#of(scan).byBytes = Math.max(1, Math.ceil(rows / 2));
  }

  /**
   * A server that answers less than half of what it was asked for caps `k`: there is no use in asking for more. Or it
   * left out many rows just once: so what it then answers whole is doubled, up to a page.
   */
  learnCap(scan: PagedScan, asked: number, rows: number): void {
    if (asked >= TELLING_ROWS && rows > 0 && rows < asked / 2) this.#of(scan).byCap = rows;
    else if (rows >= asked && asked === this.#scans.get(scan.id)?.byCap)
      this.#of(scan).byCap = Math.min(2 * asked, scan.rowsPerPage);
  }

  /** A server that has sent many more rows at once before, and then lacks some of a few, leaves rows out. */
  learnAnswer(scan: PagedScan, asked: number, rows: number): void {
    const sizes = this.#of(scan);
    sizes.leavesOut ||= rows < asked && asked * TELLING_SHARE <= sizes.most;
    sizes.most = Math.max(sizes.most, rows);
  }

  leavesRowsOut({ id }: PagedScan): boolean {
    return this.#scans.get(id)?.leavesOut ?? false;
  }

  #of({ id, rowsPerPage }: PagedScan): Sizes {
    const known = this.#scans.get(id);
    if (known) return known;
    if (this.#scans.size >= MAX_SCANS) this.#scans.clear(); // scans of long ago
    const sizes = { byBytes: rowsPerPage, byCap: rowsPerPage, most: 0, leavesOut: false };
    this.#scans.set(id, sizes);
    return sizes;
  }
}
