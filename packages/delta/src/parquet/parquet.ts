import * as arrow from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import { typeOf, type Data } from '@lance-offload/base/transform';
import { holdsFloats, holdsNaN } from './float-values.ts';
import { toScratchIpc } from './ipc-scratch.ts';
import { appendLargeColumns, emptied, holdsLargeValues } from './large-values.ts';

/** Rows in a row group: small enough that a reader skips within a page of vectors. */
const ROW_GROUP_ROWS = 8192;

/** Whether a column holds floats in a list: vectors. */
function holdsVectors(type: arrow.DataType): boolean {
  if (arrow.DataType.isList(type) && arrow.DataType.isFloat(type.children[0]?.type)) return true;
  return (type.children ?? []).some((child: arrow.Field) => holdsVectors(typeOf(child)));
}

const isNested = (field: arrow.Field) => (typeOf(field).children ?? []).length > 0;

/**
 * Zstandard with dictionaries for business columns. Floats of vectors do not repeat and hardly compress: they stay
 * plain (every reader knows it; BYTE_STREAM_SPLIT is not for Spark's vectorised reader), without a dictionary, under
 * Snappy, which passes incompressible bytes through; Zstandard would triple the time for 8 % of the size.
 *
 * Columns with a NaN have no statistics: bounds leave it out, and readers to whom it is the greatest value, or any value,
 * would skip its rows. Of zeros the writer makes -0.0 below and 0.0 above (parquet.thrift, `ColumnOrder`).
 *
 * parquet-wasm sets properties by column for flat columns only, so those of nested columns are the file's default.
 */
function writerProperties(
  fields: readonly arrow.Field[],
  hasNaN: readonly boolean[],
  rowGroupRows: number,
): parquet.WriterProperties {
  const { Chunk, None } = parquet.EnabledStatistics;
  const vectors = fields.some((field) => holdsVectors(typeOf(field)));
  const nestedNaN = fields.some((field, index) => isNested(field) && hasNaN[index]);
  let builder = new parquet.WriterPropertiesBuilder()
    .setCreatedBy('lance-offload')
    .setMaxRowGroupSize(rowGroupRows)
    .setCompression(vectors ? parquet.Compression.SNAPPY : parquet.Compression.ZSTD)
    .setDictionaryEnabled(!vectors)
    .setStatisticsEnabled(vectors || nestedNaN ? None : Chunk);
  for (const [index, { name }] of fields.entries()) {
    if (fields[index] === undefined || isNested(fields[index])) continue;
    builder = builder
      .setColumnCompression(name, parquet.Compression.ZSTD)
      .setColumnDictionaryEnabled(name, true)
      .setColumnStatisticsEnabled(name, hasNaN[index] ? None : Chunk);
  }
  return builder.build();
}

function writeTable(
  fields: readonly arrow.Field[],
  columns: readonly (readonly Data[])[],
  batchRows: readonly number[],
  rowGroupRows: number,
): Uint8Array<ArrayBuffer> {
  const schema = new arrow.Schema([...fields]);
  const struct = new arrow.Struct([...fields]);
  const batches = batchRows.map((length, index) => {
    const children = columns.flatMap((column) => column[index] ?? []);
    return new arrow.RecordBatch(schema, arrow.makeData({ type: struct, length, nullCount: 0, children }));
  });
  const hasNaN = fields.map(
    (field, index) => holdsFloats(typeOf(field)) && (columns[index] ?? []).some(holdsNaN),
  );
  const table = parquet.Table.fromIPCStream(toScratchIpc(schema, batches));
  // writeParquet takes the table over and frees it, in success and failure.
  const properties = writerProperties(fields, hasNaN, rowGroupRows);
  const { buffer, byteOffset, byteLength } = parquet.writeParquet(table, properties);
  if (!(buffer instanceof ArrayBuffer)) throw new TypeError('the Parquet file lies in shared memory');
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** Writes columns, each given as one `Data` per record batch, as one Parquet file. */
export function writeParquet(
  fields: readonly arrow.Field[],
  columns: readonly (readonly Data[])[],
  batchRows: readonly number[],
): Uint8Array<ArrayBuffer> {
  const large = fields.map((_, index) => holdsLargeValues(columns[index] ?? []));
  if (!large.includes(true)) return writeTable(fields, columns, batchRows, ROW_GROUP_ROWS);
  const rest = columns.map((data, index) => (large[index] ? data.map(emptied) : data));
  const rows = batchRows.reduce((sum, batch) => sum + batch, 0);
  const values = fields.flatMap(({ name }, index) =>
    large[index] ? [{ name, data: columns[index] ?? [] }] : [],
  );
  return appendLargeColumns(writeTable(fields, rest, batchRows, rows), values);
}
