// (b) One program: the official client's remote table, streaming into one Parquet file.
import { createWriteStream } from 'node:fs';
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type * as Lancedb from '@lancedb/lancedb';
import type * as Arrow from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';

const require = createRequire(import.meta.url);
const lancedb = require('@lancedb/lancedb') as typeof Lancedb;
const arrow = require('apache-arrow') as typeof Arrow;
const [url = '', name = '', file = ''] = process.argv.slice(2);

const started = performance.now();
const connection = await lancedb.connect('db://bench', {
  apiKey: process.env['LANCEDB_API_KEY'] ?? '',
  hostOverride: url,
});
const table = await connection.openTable(name);
let rows = 0;

async function* batches(): AsyncGenerator<parquet.RecordBatch> {
  for await (const batch of table.query().withRowId()) {
    rows += batch.numRows;
    const ipc = arrow.tableToIPC(new arrow.Table([batch]), 'stream');
    for (const converted of parquet.Table.fromIPCStream(ipc).recordBatches()) yield converted;
  }
}

const properties = new parquet.WriterPropertiesBuilder()
  .setCompression(parquet.Compression.SNAPPY)
  .setDictionaryEnabled(false)
  .setMaxRowGroupSize(8192)
  .build();
const stream = await parquet.transformParquetStream(ReadableStream.from(batches()), properties);
await pipeline(
  Readable.fromWeb(stream as Parameters<typeof Readable.fromWeb>[0]),
  createWriteStream(file, { flush: true }),
);
process.stdout.write(JSON.stringify({ seconds: (performance.now() - started) / 1000, rows }));
