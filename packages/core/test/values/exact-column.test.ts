import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as arrow from 'apache-arrow';
import type { DuckDBConnection } from '@duckdb/node-api';
import { expect, test } from 'vitest';
import { quoteText, withDuckDB, duckdbTypeOf, type DeltaField } from '@lance-offload/delta';
import { castData } from '../../../delta/src/values/cast.ts';
import { exactColumn } from '../../../delta/src/duckdb/exact-column.ts';
import { writeParquet } from '../../../delta/src/parquet/parquet.ts';
import { showDeltaType } from '../../src/plan/lake-columns.ts';
import { lakeSchemaOf, mergeSchemas } from '../../src/plan/lake-schema.ts';
import { arrowTypeOfWide } from '../../../delta/src/types/type-widening.ts';
import { column, float32, int32 } from '../../../lancedb/test/arrow-bodies.ts';
import { inFolder } from '../../../base/test/in-folder.ts';

/** The column `x` of a lake table whose source had these types, run after run. */
function widened(...types: readonly string[]): DeltaField {
  const runs = types.map((type) => lakeSchemaOf({ columns: [column('x', type)], withRowId: false }));
  const [first, ...later] = runs;
  const [field] = later.reduce((lake, run) => mergeSchemas('t', lake, run), first)?.fields ?? [];
  if (!field) throw new Error('no types');
  return field;
}

function hundredths(...values: readonly number[]): arrow.Data {
  const data = Uint32Array.from(values.flatMap((value) => [value, 0, 0, 0]));
  return arrow.makeData({ type: new arrow.Decimal(2, 10, 128), length: values.length, nullCount: 0, data });
}

/** Files with the values as they are and as they are widened; `rows` are read by files, `copies` are the same in DuckDB. */
async function withFiles<T>(
  narrow: arrow.Data,
  field: DeltaField,
  work: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  const columns = [narrow, castData(narrow, arrowTypeOfWide(showDeltaType(field.type)))];
  return inFolder(async (folder) => {
    const files = columns.map((data, index) => ({ data, file: path.join(folder, `${index}.parquet`) }));
    for (const { data, file } of files)
      await writeFile(file, writeParquet([new arrow.Field('x', data.type, true)], [[data]], [data.length]));
    const list = files.map(({ file }) => quoteText(file)).join();
    const type = quoteText(duckdbTypeOf(field.type));
    const read = `read_parquet([${list}], schema := MAP {'x': {name: 'c0', type: ${type}, default_value: NULL}})`;
    return withDuckDB({}, async (connection) => {
      await connection.run(`CREATE VIEW rows AS SELECT ${exactColumn(field, 'c0', false)} AS x FROM ${read}`);
      await connection.run(`CREATE TABLE copies AS SELECT c0 AS x FROM ${read}`);
      return work(connection);
    });
  });
}

const CASES = [
  {
    types: ['float', 'double'],
    narrow: float32([0.1, -2.5, null, Number.NaN, 3e38]),
    constants: ['0.1', '0.1::FLOAT', '-2.5', '3.1e38', '1e39', `'nan'`],
  },
  {
    types: ['decimal:128:10:2', 'decimal:128:20:4'],
    narrow: hundredths(150, 0, 9999),
    constants: ['1.5', '1.4999', '1.5001', '99.99', '99.9899', '-0.0001'],
  },
  {
    types: ['int32', 'int64'],
    narrow: int32([0, -(2 ** 31), 2 ** 31 - 1, null]),
    constants: ['0', '2147483648', '-2147483649', '5000000000'],
  },
] as const;

test.for(CASES)(
  'filters over a column of $types find what they should',
  async ({ types, narrow, constants }) => {
    const field = widened(...types);
    const counts = (from: string, constant: string) =>
      ['=', '<>', '<', '<=', '>', '>='].map(
        (operator) =>
          `(SELECT count(*)::INT FROM ${from} WHERE x ${operator} ${constant}::${duckdbTypeOf(field.type)})`,
      );
    await withFiles(narrow, field, async (connection) => {
      const ask = async (from: string, constant: string) =>
        (await connection.runAndReadAll(`SELECT ${counts(from, constant).join()}`)).getRowsJson();
      for (const constant of constants)
        expect([constant, await ask('rows', constant)]).toEqual([constant, await ask('copies', constant)]);
    });
  },
);

const kept = (...types: readonly string[]): boolean => exactColumn(widened(...types), 'c', false) !== 'c';

test('only columns that were coarser before are kept from DuckDB’s filters', () => {
  expect(kept('double')).toBe(false);
  expect(kept('int8', 'int64')).toBe(false);
  expect(kept('decimal:128:10:2', 'decimal:128:12:2')).toBe(false);
  expect(kept('decimal:128:10:2', 'decimal:128:12:2', 'decimal:128:14:3', 'decimal:128:20:3')).toBe(true);
  expect(kept('float', 'double', 'float')).toBe(true);
});
