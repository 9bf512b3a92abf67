import { OffloadError } from '../errors/offload-error.ts';
import { decodeArrowBody } from './arrow-body.ts';
import type { LanceClient } from './client.ts';
import { scanQuery } from './query.ts';
import { ROW_ID } from '../lake/lineage.ts';
import { RowIdSet } from './row-id-set.ts';

/** What is listed: the rows of a table at a version that match a filter, as many as the server counts. */
export interface RowIdListing {
  readonly table: string;
  readonly version: number;
  readonly filter?: string | undefined;
  readonly expected: number;
}

/** Row ids asked for at once: 8 MB of them, and the engine runs the filter just once for all. */
const IDS_PER_REQUEST = 1_000_000;
const MAX_BYTES = 64 * 2 ** 20;
/** Passes over the whole listing that may find nothing new before it is given up. */
const IDLE_PASSES = 3;

/** The row ids in an answer. */
function rowIdsIn(body: Uint8Array): BigUint64Array[] {
  return decodeArrowBody(body).batches.map((batch) => {
    const values: unknown = batch.getChild(ROW_ID)?.data[0]?.values;
    if (!(values instanceof BigUint64Array))
      throw new OffloadError('SCHEMA_MISMATCH', 'The answer lacks the row ids that were asked for');
    return values.subarray(0, batch.numRows);
  });
}

/** One pass: from the first row on, each answer going on where the one before stopped. */
async function pass(
  listing: RowIdListing,
  source: LanceClient,
  found: RowIdSet,
  signal: AbortSignal,
): Promise<void> {
  const { table, version, filter, expected } = listing;
  for (let offset = 0; offset < expected && found.size < expected;) {
    const range = { offset, limit: Math.min(IDS_PER_REQUEST, expected - offset) };
    const query = scanQuery({ version, filter, columns: [ROW_ID] }, range);
    const body = await source.scan(table, query, { maxBytes: MAX_BYTES, signal });
    if (!body)
      throw new OffloadError(
        'SOURCE_BAD_BODY',
        `The row ids of table "${table}" came with more than was asked for`,
        { table },
      );
    const ids = rowIdsIn(body);
    for (const some of ids) found.add(some);
    source.recycle(body.buffer);
    const rows = ids.reduce((sum, some) => sum + some.length, 0);
    if (rows === 0) return;
    offset += rows;
  }
}

/**
 * Lists the ids of all rows that match, reading nothing else. A server that answers in no fixed order, leaves rows out or
 * repeats them is asked again, pass after pass, until there are as many as it counts.
 *
 * @returns a set that the caller disposes of.
 * @throws OffloadError `SOURCE_SHORT` where several passes find nothing new, `SOURCE_BAD_BODY` where there are more.
 */
export async function listRowIds(
  listing: RowIdListing,
  source: LanceClient,
  signal: AbortSignal,
): Promise<RowIdSet> {
  const found = new RowIdSet();
  try {
    for (let idle = 0; found.size < listing.expected && idle < IDLE_PASSES;) {
      const before = found.size;
      await pass(listing, source, found, signal);
      idle = found.size === before ? idle + 1 : 0;
    }
    if (found.size === listing.expected) return found;
    const code = found.size < listing.expected ? 'SOURCE_SHORT' : 'SOURCE_BAD_BODY';
    throw new OffloadError(
      code,
      `Table "${listing.table}" at version ${listing.version}: the server counts ${listing.expected} rows and names ${found.size}`,
      { table: listing.table },
    );
  } catch (error) {
    found.dispose();
    throw error;
  }
}
