import * as arrow from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm/node';
import { OffloadError } from '../errors/offload-error.ts';
import { asLakeError } from '../errors/system-errors.ts';
import { writeParquet } from '../lake/parquet.ts';
import { openBlob } from '../store/blob.ts';
import { hashRows } from '../lake/row-hash.ts';

const BATCH_ROWS = 8192;

/** A data file of the lake whose rows are hashed again. */
export interface RehashTask {
  readonly file: string;
  /** Repeated in every row of the result. */
  readonly id: number;
  /** The columns that count, as far as the file has them. */
  readonly columns: readonly string[];
}

function unreadable(file: string, error: unknown): unknown {
  const known = asLakeError(error, 'read', file);
  if (known !== error || error instanceof OffloadError) return known;
  const [words = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const message = `The data file ${file} cannot be read: ${words}`;
  return new OffloadError('LAKE_UNAVAILABLE', message, { path: file }, { cause: error });
}

function hashBatch(batch: arrow.RecordBatch, columns: ReadonlySet<string>): BigInt64Array {
  const chosen = batch.schema.fields.flatMap((field, index) => {
    const data = batch.data.children[index];
    return data && columns.has(field.name) ? [{ field, data }] : [];
  });
  return hashRows(
    chosen.map(({ field }) => field),
    chosen.map(({ data }) => data),
    batch.numRows,
  );
}

/** The hashes of a file's rows, in their order. Holds one row group at a time. */
async function hashesOf(parquet: ParquetFile, columns: readonly string[]): Promise<BigInt64Array> {
  const counted = new Set(columns);
  const metadata = parquet.metadata();
  const hashes = new BigInt64Array(metadata.fileMetadata().numRows());
  const groups = metadata.numRowGroups();
  metadata.free();
  let filled = 0;
  for (let group = 0; group < groups; group++) {
    const table = await parquet.read({ rowGroups: [group], batchSize: BATCH_ROWS });
    for (const batch of arrow.tableFromIPC(table.intoIPCStream()).batches) {
      hashes.set(hashBatch(batch, counted), filled);
      filled += batch.numRows;
    }
  }
  return hashes;
}

/** The row hashes of a data file, from the values that lie in it. */
async function hashFile({ file, columns }: RehashTask): Promise<BigInt64Array> {
  let parquet: ParquetFile | undefined;
  try {
    parquet = await ParquetFile.fromFile(await openBlob(file));
    return await hashesOf(parquet, columns);
  } catch (error) {
    throw unreadable(file, error);
  } finally {
    parquet?.free();
  }
}

const FIELDS: readonly arrow.Field[] = [
  new arrow.Field('file', new arrow.Int32(), false),
  new arrow.Field('row', new arrow.Int64(), false),
  new arrow.Field('hash', new arrow.Int64(), false),
];

/**
 * Hashes the rows of a data file anew: a Parquet file `(file, row, hash)` with the task's id, each row's position, and its
 * row hash over the columns that count, whatever the file's own `_row_hash` says.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the file is gone or damaged.
 */
export async function rehashFile(
  task: RehashTask,
): Promise<{ parquet: Uint8Array<ArrayBuffer>; rows: number }> {
  const hashes = await hashFile(task);
  const { length } = hashes;
  const files = new Int32Array(length).fill(task.id);
  const positions = BigInt64Array.from(hashes, (_, row) => BigInt(row));
  const parquet = writeParquet(
    FIELDS,
    [
      [arrow.makeData({ type: new arrow.Int32(), length, nullCount: 0, data: files })],
      [arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: positions })],
      [arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: hashes })],
    ],
    [length],
  );
  return { parquet, rows: length };
}
