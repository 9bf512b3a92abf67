import * as arrow from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import { typeOf, type Data } from './arrow-data.ts';
import { toScratchIpc } from './ipc-scratch.ts';

/** Rows in a row group: small enough that a reader skips within a page of vectors. */
const ROW_GROUP_ROWS = 8192;

/** Whether a column holds floats in a list: vectors. */
function holdsVectors(type: arrow.DataType): boolean {
  if (arrow.DataType.isList(type) && arrow.DataType.isFloat(type.children[0]?.type)) return true;
  return (type.children ?? []).some((child: arrow.Field) => holdsVectors(typeOf(child)));
}

/**
 * Zstandard with dictionaries for business columns. Floats of vectors do not repeat and hardly compress: they stay
 * plain (every reader knows it; BYTE_STREAM_SPLIT is not for Spark's vectorised reader), without a dictionary, under
 * Snappy, which passes incompressible bytes through; Zstandard would triple the time for 8 % of the size.
 *
 * parquet-wasm sets properties by column for flat columns only, so a file with vectors has theirs as its default.
 */
function writerProperties(fields: readonly arrow.Field[]): parquet.WriterProperties {
  let builder = new parquet.WriterPropertiesBuilder()
    .setCreatedBy('lance-offload')
    .setCompression(parquet.Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setStatisticsEnabled(parquet.EnabledStatistics.Chunk);
  if (!fields.some((field) => holdsVectors(typeOf(field)))) return builder.build();
  builder = builder
    .setCompression(parquet.Compression.SNAPPY)
    .setDictionaryEnabled(false)
    .setStatisticsEnabled(parquet.EnabledStatistics.None);
  for (const field of fields) {
    if ((typeOf(field).children ?? []).length > 0) continue;
    builder = builder
      .setColumnCompression(field.name, parquet.Compression.ZSTD)
      .setColumnDictionaryEnabled(field.name, true)
      .setColumnStatisticsEnabled(field.name, parquet.EnabledStatistics.Chunk);
  }
  return builder.build();
}

/** Writes columns, each given as one `Data` per record batch, as one Parquet file. */
export function writeParquet(
  fields: readonly arrow.Field[],
  columns: readonly (readonly Data[])[],
  batchRows: readonly number[],
): Uint8Array<ArrayBuffer> {
  const schema = new arrow.Schema([...fields]);
  const struct = new arrow.Struct([...fields]);
  const batches = batchRows.map((length, index) => {
    const children = columns.flatMap((column) => column[index] ?? []);
    return new arrow.RecordBatch(schema, arrow.makeData({ type: struct, length, nullCount: 0, children }));
  });
  const table = parquet.Table.fromIPCStream(toScratchIpc(schema, batches));
  // writeParquet takes the table over and frees it, in success and failure.
  const { buffer, byteOffset, byteLength } = parquet.writeParquet(table, writerProperties(fields));
  if (!(buffer instanceof ArrayBuffer)) throw new TypeError('the Parquet file lies in shared memory');
  return new Uint8Array(buffer, byteOffset, byteLength);
}
