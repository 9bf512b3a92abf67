import * as arrow from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import type { Data } from './arrow-data.ts';

/** Rows in a row group: small enough that a reader skips within a page of vectors. */
const ROW_GROUP_ROWS = 8192;

/** Paths of float leaves inside lists, as Parquet names them: the vectors. */
function vectorLeaves(field: arrow.Field, path: readonly string[] = []): string[] {
  const type = field.type as arrow.DataType;
  const here = [...path, field.name];
  if (arrow.DataType.isList(type)) {
    const item = type.children[0];
    if (item && arrow.DataType.isFloat(item.type)) return [[...here, 'list', item.name].join('.')];
    return item ? vectorLeaves(item, [...here, 'list']) : [];
  }
  return (type.children ?? []).flatMap((child: arrow.Field) => vectorLeaves(child, here));
}

/**
 * Zstandard with dictionaries for business columns. Floats of vectors do not repeat and hardly compress: they stay
 * plain (every reader knows it; BYTE_STREAM_SPLIT is not for Spark's vectorised reader), without a dictionary, under
 * Snappy, which passes incompressible bytes through; Zstandard would triple the time for 8 % of the size.
 */
function writerProperties(fields: readonly arrow.Field[]): parquet.WriterProperties {
  let builder = new parquet.WriterPropertiesBuilder()
    .setCreatedBy('lance-offload')
    .setCompression(parquet.Compression.ZSTD)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    .setStatisticsEnabled(parquet.EnabledStatistics.Chunk);
  for (const leaf of fields.flatMap((field) => vectorLeaves(field))) {
    builder = builder
      .setColumnDictionaryEnabled(leaf, false)
      .setColumnStatisticsEnabled(leaf, parquet.EnabledStatistics.None)
      .setColumnCompression(leaf, parquet.Compression.SNAPPY);
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
    const children = columns.map((batches) => batches[index] as Data);
    return new arrow.RecordBatch(schema, arrow.makeData({ type: struct, length, nullCount: 0, children }));
  });
  const table = parquet.Table.fromIPCStream(arrow.tableToIPC(new arrow.Table(schema, batches), 'stream'));
  // writeParquet takes the table over and frees it, in success and failure.
  return parquet.writeParquet(table, writerProperties(fields)) as Uint8Array<ArrayBuffer>;
}
