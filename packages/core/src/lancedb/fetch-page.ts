import { OffloadError } from '../errors/offload-error.ts';
import type { LanceClient } from './client.ts';
import { fetchNearest } from './fetch-nearest.ts';
import { scanQuery, type ScanSelection } from './query.ts';
import { countArrowRows } from './row-count.ts';

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

/** An answer may be this much larger than planned before it is split: estimates of row size are no more exact. */
export const FETCH_TOLERANCE = 1.5;
/** A single row may be this many times as large as a page; more is a server's, or a packed body's, error. */
const ROW_TOLERANCE = 16;
const LEAST_ROW_BYTES = 2 ** 26;

function tooLarge(scan: PagedScan, page: ScanRange, got: number): OffloadError {
  const message = `Table "${scan.table}", page ${page.index}: the answer for the single row ${page.offset + got} is larger than ${maxRowBytes(scan)} bytes`;
  return new OffloadError('SOURCE_BAD_BODY', message, { table: scan.table, page: page.index });
}

function maxRowBytes({ pageBytes }: PagedScan): number {
  return Math.max(LEAST_ROW_BYTES, pageBytes * ROW_TOLERANCE);
}

function short(scan: PagedScan, page: ScanRange, got: number): OffloadError {
  const message = `Table "${scan.table}", page ${page.index}: the server has no rows from ${page.offset + got} on, where its count promises ${page.limit - got} more`;
  return new OffloadError('SOURCE_SHORT', message, {
    table: scan.table,
    page: page.index,
  });
}

/** An answer to fewer tells nothing of a cap: rows may just be missing. */
const TELLING_ROWS = 500;

/** Remembers, per scan, how many rows an answer may have to stay within `pageBytes`, once one was too large. */
export class RequestSizes {
  readonly #rows = new Map<string, number>();

  rowsFor(scan: PagedScan): number {
    return this.#rows.get(scan.id) ?? scan.rowsPerPage;
  }

  halve(scan: PagedScan, rows: number): void {
    this.#set(scan, Math.max(1, Math.ceil(rows / 2)));
  }

  /** A server that answers less than half of what it was asked for caps `k`: there is no use in asking for more. */
  learnCap(scan: PagedScan, asked: number, rows: number): void {
    if (asked >= TELLING_ROWS && rows > 0 && rows < asked / 2) this.#set(scan, rows);
  }

  #set(scan: PagedScan, rows: number): void {
    if (this.#rows.size > 1000) this.#rows.clear(); // scans of long ago
    this.#rows.set(scan.id, rows);
  }
}

/**
 * Fetches a page: one query where the server answers it whole. A short answer is asked again from where it stopped
 * (a server may cap `k`); one that is too large is dropped and asked for in halves. Yields what belongs in one file
 * as soon as it is `pageBytes` large, so that no more than that is ever held. The answer to a search comes in one part.
 *
 * @throws OffloadError `SOURCE_SHORT` where the rows end early, and whatever the client throws.
 */
export async function* fetchPage(
  scan: PagedScan,
  page: ScanRange,
  source: LanceClient,
  sizes: RequestSizes,
  signal: AbortSignal,
): AsyncGenerator<FetchedPart> {
  if (scan.search) {
    const limits = { maxBytes: scan.pageBytes * FETCH_TOLERANCE, signal };
    yield await fetchNearest(scan, scan.search, page, source, limits);
    return;
  }
  let part = { bodies: [] as Uint8Array<ArrayBuffer>[], rows: 0, requests: 0 };
  let bytes = 0;
  for (let got = 0; got < page.limit;) {
    const limit = Math.min(page.limit - got, sizes.rowsFor(scan));
    // A single row cannot be split, and is taken at almost any size.
    const maxBytes = limit === 1 ? maxRowBytes(scan) : scan.pageBytes * FETCH_TOLERANCE;
    const body = await source.scan(scan.table, scanQuery(scan, { offset: page.offset + got, limit }), {
      maxBytes,
      signal,
    });
    part.requests += 1;
    if (!body) {
      if (limit === 1) throw tooLarge(scan, page, got);
      sizes.halve(scan, limit);
      continue;
    }
    const rows = countArrowRows(body);
    if (rows === 0) throw short(scan, page, got);
    if (rows > limit) {
      throw new OffloadError(
        'SOURCE_BAD_BODY',
        `Asked for ${limit} rows of table "${scan.table}", got ${rows}`,
        { table: scan.table, page: page.index },
      );
    }
    got += rows;
    bytes += body.byteLength;
    part.bodies.push(body);
    part.rows += rows;
    if (bytes >= scan.pageBytes || got === page.limit) {
      yield part;
      part = { bodies: [], rows: 0, requests: 0 };
      bytes = 0;
    }
  }
}
