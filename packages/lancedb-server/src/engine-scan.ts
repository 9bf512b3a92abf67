import type { Query, Table, VectorQuery } from '@lancedb/lancedb';

/** A query's answer as the engine gives it: batch by batch, each a complete Arrow IPC file of its own. */
export interface EngineScan {
  /** The next batch, or null at the end. One call at a time. */
  next(): Promise<Buffer | null>;
  /** An IPC file with the answer's schema and no batches, for an answer without rows. */
  schema(): Promise<Buffer>;
}

/**
 * The two methods of the official client's queries which give bytes instead of Arrow objects. The client's own
 * `execute` is built on the first; both are public in JavaScript but hidden in its types. Decoding with `execute` and
 * encoding again would cost several times the scan itself.
 */
interface ByteQuery {
  nativeExecute(options: { maxBatchLength: number }): Promise<{ next(): Promise<Buffer | null> }>;
  getInner(): Promise<{ outputSchema(): Promise<Buffer> }>;
}

export async function startScan(query: Query | VectorQuery, maxBatchRows: number): Promise<EngineScan> {
  const iterator = await byteQuery(query).nativeExecute({ maxBatchLength: maxBatchRows });
  return { next: () => iterator.next(), schema: () => schemaBytes(query) };
}

/** An IPC file with the schema of the query's answer, and no batches. */
export async function schemaBytes(query: Query | VectorQuery): Promise<Buffer> {
  const inner = await byteQuery(query).getInner();
  return inner.outputSchema();
}

function byteQuery(query: object): ByteQuery {
  if (isByteQuery(query)) return query;
  throw new TypeError(
    'this version of @lancedb/lancedb does not give batches as bytes: nativeExecute is missing',
  );
}

function isByteQuery(query: object): query is ByteQuery {
  return (
    'nativeExecute' in query &&
    typeof query.nativeExecute === 'function' &&
    'getInner' in query &&
    typeof query.getInner === 'function'
  );
}

const BATCH_BYTES = 2 * 1024 * 1024;
const MAX_BATCH_ROWS = 2048;

/**
 * How many rows make a batch of about 2 MiB: small enough to hold a few, large enough that the work per batch does
 * not show. Rows are measured as stored, so compressible ones come out larger.
 */
export async function batchRowsFor(table: Table): Promise<number> {
  const { totalBytes, numRows } = await table.stats();
  if (numRows === 0 || totalBytes === 0) return MAX_BATCH_ROWS;
  return Math.min(Math.max(Math.floor((BATCH_BYTES * numRows) / totalBytes), 1), MAX_BATCH_ROWS);
}
