import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as arrow from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { expect, test } from 'vitest';
import { quoteText, withDuckDB } from '@lance-offload/delta';
import { rehashFile } from '../src/rehash-file.ts';
import { bodyOf, column, int64, rowIds } from '../../lancedb/test/arrow-bodies.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { inFolder } from '../../base/test/in-folder.ts';
import { transform } from '../../core/test/read-parquet.ts';
import { PLACEMENTS } from '../../lancedb/test/samples/nested.ts';
import { SAMPLES } from '../../core/test/type-samples.ts';

function columnOf(parquet: Uint8Array, name: string): bigint[] {
  const table = arrow.tableFromIPC(readParquet(parquet).intoIPCStream());
  return [...(table.getChild(name) ?? [])].map(BigInt);
}

async function rehashed(file: string, columns: readonly string[]): Promise<bigint[]> {
  const { parquet, rows } = await rehashFile({ file, id: 4, columns });
  expect(columnOf(parquet, 'row')).toEqual(Array.from({ length: rows }, (_, row) => BigInt(row)));
  expect(new Set(columnOf(parquet, 'file'))).toEqual(new Set([4n]));
  return columnOf(parquet, 'hash');
}

for (const { name, lance, data } of PLACEMENTS) {
  test(`the values of a data file have the hashes they were written with, also in a copy by DuckDB: ${name}`, async () => {
    for (const sample of SAMPLES) {
      const values = data(sample.leaf);
      const body = bodyOf([{ c: values, _rowid: rowIds(0, values.length) }]);
      const page = transform([body], [column('c', lance(sample.lance))]);
      await inFolder(async (folder) => {
        const [file, copy] = [path.join(folder, 'page.parquet'), path.join(folder, 'copy.parquet')];
        await writeFile(file, page.parquet);
        await withDuckDB({}, (duckdb) =>
          duckdb.run(
            `COPY (FROM ${quoteText(file)}) TO ${quoteText(copy)} (FORMAT parquet, COMPRESSION zstd)`,
          ),
        );
        const written = columnOf(page.parquet, '_row_hash');
        const { type } = sample.lance;
        expect({ type, hashes: await rehashed(file, ['c']) }).toEqual({ type, hashes: written });
        expect({ type, hashes: await rehashed(copy, ['c']) }).toEqual({ type, hashes: written });
      });
    }
  });
}

test('only the columns that are asked for count, and one that a file lacks counts as null; every row group is read', async () => {
  const rows = 20_000;
  const id = int64(Array.from({ length: rows }, (_, row) => BigInt(row)));
  const size = int64(Array.from({ length: rows }, (_, row) => BigInt(row % 10)));
  const columns = [column('id', 'int64'), column('size', 'int64')];
  const both = transform([bodyOf([{ id, size, _rowid: rowIds(0, rows) }])], columns);
  const alone = transform([bodyOf([{ id, _rowid: rowIds(0, rows) }])], columns.slice(0, 1));
  await inFolder(async (folder) => {
    const file = path.join(folder, 'page [1]*.parquet');
    await writeFile(file, both.parquet);
    expect(await rehashed(file, ['id'])).toEqual(columnOf(alone.parquet, '_row_hash'));
    expect(await rehashed(file, ['later', 'size', 'id'])).toEqual(columnOf(both.parquet, '_row_hash'));
  });
});

test('a data file that is gone, or is no Parquet, is told by its path', async () => {
  await inFolder(async (folder) => {
    const file = path.join(folder, 'page.parquet');
    const gone = await expectRejection(
      rehashFile({ file, id: 0, columns: [] }),
      'LAKE_UNAVAILABLE',
      /Could not read/,
    );
    expect(gone.message).toContain(file);
    await writeFile(file, 'PAR1 and then something else altogether');
    await expectRejection(
      rehashFile({ file, id: 0, columns: [] }),
      'LAKE_UNAVAILABLE',
      /page\.parquet cannot be read: Parquet error/,
    );
  });
});
