import { MAX_BATCH_SIZE, OffloadError } from '@lance-offload/base';
import { ROW_ID } from './row-id.ts';
import type { LanceClient } from './client.ts';
import type { FetchedPart, PagedScan } from './paged-scan.ts';
import { scanQuery } from './query.ts';
import { maxAnswerBytes, roomFor, type RequestSizes } from './request-sizes.ts';
import { countArrowRows } from './row-count.ts';

/**
 * Asks for rows by their ids, each once: LanceDB takes them from their places, wherever they are, which no offset behind a
 * filter can. What a server leaves out the caller asks for again.
 *
 * Answers that fit `pageBytes` together come as one part; they hold the rows of the ids that were asked for, some of them
 * perhaps twice, and perhaps not all. Whether they hold others the caller sees, who reads the ids.
 *
 * @throws OffloadError `SOURCE_BAD_BODY` for a single row that is larger than any may be, and whatever the client throws.
 */
export async function* fetchRows(
  scan: PagedScan,
  ids: BigUint64Array,
  source: LanceClient,
  sizes: RequestSizes,
  signal: AbortSignal,
): AsyncGenerator<FetchedPart> {
  let part = { bodies: [] as Uint8Array<ArrayBuffer>[], rows: 0, requests: 0 };
  let bytes = 0;
  for (let asked = 0; asked < ids.length;) {
    const some = ids.subarray(asked, asked + sizes.rowsFor(scan));
    const selection = {
      version: scan.version,
      columns: scan.columns,
      filter: `${ROW_ID} IN (${some.join(',')})`,
    };
    // With room for repeats, which would push other rows out of the answer.
    const limit = Math.max(some.length, Math.min(roomFor(some.length), MAX_BATCH_SIZE));
    const query = scanQuery(selection, { offset: 0, limit });
    const body = await source.query(scan.table, query, {
      maxBytes: maxAnswerBytes(scan, some.length),
      signal,
    });
    part.requests += 1;
    if (!body) {
      if (some.length === 1) throw tooLarge(scan, some[0]);
      sizes.halve(scan, some.length);
      continue;
    }
    const rows = countArrowRows(body);
    sizes.learnCap(scan, some.length, rows);
    asked += some.length;
    bytes += body.byteLength;
    part.bodies.push(body);
    part.rows += rows;
    if (bytes >= scan.pageBytes) {
      yield part;
      part = { bodies: [], rows: 0, requests: 0 };
      bytes = 0;
    }
  }
  if (part.requests > 0) yield part;
}

function tooLarge(scan: PagedScan, id: bigint | undefined): OffloadError {
  const message = `Table "${scan.table}": the answer for the single row ${id} (${ROW_ID}) is larger than ${maxAnswerBytes(scan, 1)} bytes`;
  return new OffloadError('SOURCE_BAD_BODY', message, { table: scan.table });
}
