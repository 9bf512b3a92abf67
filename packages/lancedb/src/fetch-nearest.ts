import { OffloadError } from '@lance-offload/base';
import type { LanceClient } from './client.ts';
import type { FetchedPart, PagedScan, ScanRange } from './paged-scan.ts';
import { scanQuery } from './query.ts';
import { countArrowRows } from './row-count.ts';
import { searchQuery } from './search-query.ts';
import type { Search } from './search.ts';

/**
 * Fetches the answer to a search: one query, and no other. Its rows cannot be cut into pages, because an index that is
 * asked for another number of rows looks at other candidates; so a short answer is the whole answer, and one that is too
 * large is refused.
 *
 * @param maxBytes the largest answer that is taken.
 * @throws OffloadError `CONFIG_INVALID` for a larger one, `SOURCE_BAD_BODY` for more rows than were asked for, and
 *   whatever the client throws.
 */
export async function fetchNearest(
  scan: PagedScan,
  search: Search,
  page: ScanRange,
  source: LanceClient,
  limits: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<FetchedPart> {
  const details = { table: scan.table, page: page.index };
  const query = searchQuery(scanQuery(scan, page), search);
  const body = await source.query(scan.table, query, limits);
  if (!body)
    throw new OffloadError(
      'CONFIG_INVALID',
      `Table "${scan.table}": the answer to the search is larger than page_bytes (${scan.pageBytes}) allows, and cannot be asked for in parts; lower batch_size, name fewer columns, or raise page_bytes, and start a new run`,
      details,
    );
  const rows = countArrowRows(body);
  if (rows <= page.limit) return { bodies: [body], rows, requests: 1 };
  throw new OffloadError(
    'SOURCE_BAD_BODY',
    `Asked for the ${page.limit} nearest rows of table "${scan.table}", got ${rows}`,
    details,
  );
}
