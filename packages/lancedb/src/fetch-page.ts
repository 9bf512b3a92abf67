import { OffloadError } from '@lance-offload/base';
import type { LanceClient } from './client.ts';
import { fetchNearest } from './fetch-nearest.ts';
import { scanQuery } from './query.ts';
import { FETCH_TOLERANCE, maxAnswerBytes, roomFor, type RequestSizes } from './request-sizes.ts';
import { countArrowRows } from './row-count.ts';
import type { FetchedPart, PagedScan, ScanRange } from './paged-scan.ts';

function tooLarge(scan: PagedScan, page: ScanRange, got: number): OffloadError {
  const message = `Table "${scan.table}", page ${page.index}: the answer for the single row ${page.offset + got} is larger than ${maxAnswerBytes(scan, 1)} bytes`;
  return new OffloadError('SOURCE_BAD_BODY', message, { table: scan.table, page: page.index });
}

function short(scan: PagedScan, page: ScanRange, got: number): OffloadError {
  const message = `Table "${scan.table}", page ${page.index}: the server has no rows from ${page.offset + got} on, where its count promises ${page.limit - got} more`;
  return new OffloadError('SOURCE_SHORT', message, {
    table: scan.table,
    page: page.index,
  });
}

/** Answers without a row, to a page that has some, that are asked for again: its last rows may have been left out. */
const EMPTY_ANSWERS = 3;

/**
 * Fetches a page: one query where the server answers it whole. A short answer is asked again from where it stopped
 * (a server may cap `k`); one that is too large is dropped and asked for in halves. Where the server leaves rows out, what
 * is short is made up from behind the page, or a page would end in ever smaller questions: the commit finds which rows
 * stand twice then, and which are missing. Yields what belongs in one file
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
  let empty = 0;
  for (let got = 0; got < page.limit;) {
    const left = page.limit - got;
    const isMadeUp = empty > 0 || (got > 0 && sizes.leavesRowsOut(scan));
    const limit = Math.min(isMadeUp ? roomFor(left) : left, sizes.rowsFor(scan));
    const body = await source.query(scan.table, scanQuery(scan, { offset: page.offset + got, limit }), {
      maxBytes: maxAnswerBytes(scan, limit),
      signal,
    });
    part.requests += 1;
    if (!body) {
      if (limit === 1) throw tooLarge(scan, page, got);
      sizes.halve(scan, limit);
      continue;
    }
    const rows = countArrowRows(body);
    sizes.learnAnswer(scan, limit, rows);
    if (rows === 0) {
      empty += 1;
      if (got === 0 || empty > EMPTY_ANSWERS) throw short(scan, page, got);
      continue;
    }
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
    if (bytes >= scan.pageBytes || got >= page.limit) {
      yield part;
      part = { bodies: [], rows: 0, requests: 0 };
      bytes = 0;
    }
  }
}
