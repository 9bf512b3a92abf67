import * as arrow from 'apache-arrow';
import { ParquetFile } from 'parquet-wasm/node';
import { OffloadError, asLakeError } from '@lance-offload/base/transform';
import { writeParquet, hashBits, hashRows, openBlob } from '@lance-offload/delta/transform';

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

/** Of each row its row hash, and the one that tells its floats by their bits. */
interface Hashes {
  readonly hashes: BigInt64Array;
  readonly bits: BigInt64Array;
}

function hashBatch(batch: arrow.RecordBatch, columns: ReadonlySet<string>): Hashes {
  const chosen = batch.schema.fields.flatMap((field, index) => {
    const data = batch.data.children[index];
    return data && columns.has(field.name) ? [{ field, data }] : [];
  });
  const fields = chosen.map(({ field }) => field);
  const values = chosen.map(({ data }) => data);
  const hashes = hashRows(fields, values, batch.numRows);
  return { hashes, bits: hashBits(fields, values, hashes) };
}

/** The hashes of a file's rows, in their order. Holds one row group at a time. */
async function hashesOf(parquet: ParquetFile, columns: readonly string[]): Promise<Hashes> {
  const counted = new Set(columns);
  const metadata = parquet.metadata();
  const rows = metadata.fileMetadata().numRows();
  const found: Hashes = { hashes: new BigInt64Array(rows), bits: new BigInt64Array(rows) };
  const groups = metadata.numRowGroups();
  metadata.free();
  let filled = 0;
  for (let group = 0; group < groups; group++) {
    const table = await parquet.read({ rowGroups: [group], batchSize: BATCH_ROWS });
    for (const batch of arrow.tableFromIPC(table.intoIPCStream()).batches) {
      const { hashes, bits } = hashBatch(batch, counted);
      found.hashes.set(hashes, filled);
      found.bits.set(bits, filled);
      filled += batch.numRows;
    }
  }
  return found;
}

/** The row hashes of a data file, from the values that lie in it. */
async function hashFile({ file, columns }: RehashTask): Promise<Hashes> {
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
  new arrow.Field('bits', new arrow.Int64(), false),
];

/**
 * Hashes the rows of a data file anew: a Parquet file `(file, row, hash, bits)` with the task's id, each row's position,
 * its row hash over the columns that count, whatever the file's own `_row_hash` says, and its `hashBits`.
 *
 * @throws OffloadError `LAKE_UNAVAILABLE` where the file is gone or damaged.
 */
export async function rehashFile(
  task: RehashTask,
): Promise<{ parquet: Uint8Array<ArrayBuffer>; rows: number }> {
  const { hashes, bits } = await hashFile(task);
  const { length } = hashes;
  const files = new Int32Array(length).fill(task.id);
  const positions = BigInt64Array.from(hashes, (_, row) => BigInt(row));
  const parquet = writeParquet(
    FIELDS,
    [
      [arrow.makeData({ type: new arrow.Int32(), length, nullCount: 0, data: files })],
      [arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: positions })],
      [arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: hashes })],
      [arrow.makeData({ type: new arrow.Int64(), length, nullCount: 0, data: bits })],
    ],
    [length],
  );
  return { parquet, rows: length };
}
