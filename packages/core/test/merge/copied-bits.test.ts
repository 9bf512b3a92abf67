import { readFile } from 'node:fs/promises';
import path from 'node:path';
import * as arrow from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { expect, vi } from 'vitest';
import { quoteText, withDuckDB } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { column, int64, rowIds, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { stageRun, test } from '../lake-fixture.ts';
import { nextPlan, snapshotOf } from './typed-table.ts';

vi.setConfig({ testTimeout: 60_000 });

const ROWS = 2000;

/** Both zeros, ordinary and infinite values, quiet NaNs of either sign with bits of their own: as 16, 32 and 64 bits. */
const HALVES = [0x8000, 0, 0x3c00, 0x7e00, 0xfe01, 0x7c00, 0x8001, 0xbc00];
const FLOATS = [0x8000_0000, 0, 0x3f80_0000, 0x7fc0_0000, 0xffc0_1234, 0x7f80_0000, 0x8000_0001, 0x7fff_ffff];
const DOUBLES = [
  2n ** 63n,
  0n,
  0x3ff0n << 48n,
  0x7ff8n << 48n,
  (0xfff8n << 48n) | 1n,
  0x7ff0n << 48n,
  1n,
  0x7fffn << 48n,
];

function pick<T>(from: readonly T[], index: number): T {
  const found = from[index % from.length];
  if (found === undefined) throw new RangeError('nothing to pick from');
  return found;
}

/** Values of each row by its number and `shift`. Zeros alone, for a column whose bounds are zeros, are the first two. */
function valuesOf<T>(from: readonly T[], count: number, shift: number): T[] {
  return Array.from({ length: count }, (_, row) => pick(from, row * 7 + shift));
}

function dataOf<Type extends arrow.Float>(
  type: Type,
  data: Type['TArray'],
  length: number,
): arrow.Data<Type> {
  return arrow.makeData({ type, length, nullCount: 0, data });
}

const { buffer: floatBits } = Uint32Array.from(valuesOf(FLOATS, ROWS, 0));
const float = dataOf(new arrow.Float32(), new Float32Array(floatBits), ROWS);
const { buffer: doubleBits } = BigUint64Array.from(valuesOf(DOUBLES, ROWS, 1));
const double = dataOf(new arrow.Float64(), new Float64Array(doubleBits), ROWS);
const half = dataOf(new arrow.Float16(), Uint16Array.from(valuesOf(HALVES, ROWS, 2)), ROWS);
const zeros = dataOf(
  new arrow.Float64(),
  new Float64Array(BigUint64Array.from(valuesOf(DOUBLES.slice(0, 2), ROWS, 0)).buffer),
  ROWS,
);
const { buffer: itemBits } = Uint32Array.from(valuesOf(FLOATS, ROWS * 3, 3));
const items = dataOf(new arrow.Float32(), new Float32Array(itemBits), ROWS * 3);

const valueOffsets = Int32Array.from({ length: ROWS + 1 }, (_, row) => row * 3);
const listed = arrow.makeData({
  type: new arrow.List(new arrow.Field('item', new arrow.Float32(), true)),
  length: ROWS,
  nullCount: 0,
  valueOffsets,
  child: items,
});
const inside = arrow.makeData({
  type: new arrow.Struct([
    new arrow.Field('d', new arrow.Float64(), true),
    new arrow.Field('v', listed.type, true),
  ]),
  length: ROWS,
  nullCount: 0,
  children: [double, listed],
});

const LIST = { type: 'list', fields: [column('item', 'float')] };
const COLUMNS = [
  column('id', 'int64'),
  column('seq', 'int64'),
  column('float', 'float'),
  column('double', 'double'),
  column('half', 'halffloat'),
  column('zeros', 'double'),
  column('vector', LIST),
  column('inside', { type: 'struct', fields: [column('d', 'double'), column('v', LIST)] }),
];

const rows = (): Columns => ({
  id: int64(Array.from({ length: ROWS }, (_, id) => BigInt(id))),
  seq: int64(Array.from({ length: ROWS }, () => 1n)),
  float,
  double,
  half,
  zeros,
  vector: listed,
  inside,
  _rowid: rowIds(0, ROWS),
});

/** The bytes of the floats of every row, by the row's key: those of a list in a row, those of a struct one after another. */
async function bitsOf(file: string): Promise<Map<string, string>> {
  const { batches } = arrow.tableFromIPC(readParquet(await readFile(file)).intoIPCStream());
  const bits = new Map<string, string>();
  for (const batch of batches) {
    for (let row = 0; row < batch.numRows; row++) {
      const columns = batch.schema.fields.flatMap(({ name }, index) => {
        const data = batch.data.children[index];
        return data && COLUMNS.some((own) => own.name === name)
          ? [`${name} ${bitsAt(data, row, row + 1)}`]
          : [];
      });
      bits.set(String(batch.getChild('id')?.get(row)), columns.toSorted().join('\n'));
    }
  }
  return bits;
}

function bitsAt(data: arrow.Data, start: number, end: number): string {
  if (arrow.DataType.isStruct(data.type))
    return data.children.map((child) => bitsAt(child, start, end)).join(' ');
  const [child] = data.children;
  if (child) return bitsAt(child, Number(data.valueOffsets[start]), Number(data.valueOffsets[end]));
  const { buffer, byteOffset, BYTES_PER_ELEMENT: width } = data.values as Float32Array;
  return Buffer.from(buffer, byteOffset + start * width, (end - start) * width).toString('hex');
}

test('every float of a closed version is bit for bit what it was, and no bound leaves a zero or a NaN out', async ({
  staging,
}) => {
  const rules: Partial<RunPlan> = {
    ingestionType: 'SCD_TYPE_2',
    primaryKeys: ['id'],
    sequenceBy: 'seq',
    deletes: 'snapshot',
    columns: COLUMNS,
    rowsPerPage: ROWS,
  };
  const first = nextPlan(ROWS, rules);
  await stageRun(first, staging, rows);
  await commitRun(first, staging);
  const folder = staging.table('documents').locate('');
  const [page] = (await snapshotOf(staging)).files;
  const second = nextPlan(0, rules);
  await stageRun(second, staging);
  await commitRun(second, staging);
  const [closed, ...more] = (await snapshotOf(staging)).files;
  expect(more).toEqual([]);
  const before = await bitsOf(path.join(folder, page?.path ?? ''));
  expect(before.size).toBe(ROWS);
  expect(await bitsOf(path.join(folder, closed?.path ?? ''))).toEqual(before);
  expect(before.get('0')).toContain('half 0000803f\n');
  expect(before.get('6')).toContain('half 0020c0ff\n'); // 0xfe01: its sign and its bits
  await withDuckDB({}, async (connection) => {
    const bounds = await connection.runAndReadAll(
      `SELECT path_in_schema, stats_min_value, stats_max_value, bloom_filter_offset FROM parquet_metadata(${quoteText(path.join(folder, closed?.path ?? ''))})
       WHERE type IN ('FLOAT', 'DOUBLE') ORDER BY ALL`,
    );
    const none = [null, null, null];
    expect(bounds.getRows()).toEqual([
      ['double', ...none],
      ['float', ...none],
      ['half', ...none],
      ['inside, d', ...none],
      ['inside, v, list, element', ...none],
      ['vector, list, element', ...none],
      ['zeros', '-0.0', '0.0', null],
    ]);
  });
});
