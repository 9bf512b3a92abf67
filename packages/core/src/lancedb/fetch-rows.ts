import { OffloadError } from '../errors/offload-error.ts';
import { ROW_ID } from '../lake/lineage.ts';
import type { LanceClient } from './client.ts';
import type { FetchedPart, PagedScan, RequestSizes } from './fetch-page.ts';
import { scanQuery } from './query.ts';
import { countArrowRows } from './row-count.ts';

/** An answer may be this much larger than planned before it is split: estimates of row size are no more exact. */
const TOLERANCE = 1.5;

/**
 * Asks for rows by their ids, each once: LanceDB takes them from their places, wherever they are, which no offset behind a
 * filter can. What a server leaves out the caller asks for again.
 *
 * Answers that fit `pageBytes` together come as one part; they hold the rows of the ids that were asked for, some of them
 * perhaps twice, and perhaps not all.
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
    const maxBytes = some.length === 1 ? Number.POSITIVE_INFINITY : scan.pageBytes * TOLERANCE;
    const query = scanQuery(selection, { offset: 0, limit: some.length });
    const body = await source.scan(scan.table, query, { maxBytes, signal });
    part.requests += 1;
    if (!body) {
      sizes.halve(scan, some.length);
      continue;
    }
    const rows = countArrowRows(body);
    if (rows > some.length) throw tooMany(scan, some.length, rows);
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

function tooMany(scan: PagedScan, asked: number, rows: number): OffloadError {
  return new OffloadError(
    'SOURCE_BAD_BODY',
    `Asked for ${asked} rows of table "${scan.table}", got ${rows}`,
    {
      table: scan.table,
    },
  );
}
