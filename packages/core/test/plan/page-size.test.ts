import { expect, test } from 'vitest';
import { bytesPerRow, rowsPerPage } from '../../src/plan/page-size.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';

const MIB = 2 ** 20;
const VECTOR = column('vector', { type: 'fixed_size_list', length: 768, fields: [column('item', 'float')] });
const ID = column('id', 'int64');
const TEXT = column('text', 'string');

const size = (rows: number) => rowsPerPage({ rows, bytesPerRow: 10 }, { pageBytes: 64 * MIB });

test('a table of up to 10,000 rows has pages of 1,000, a larger one of 10,000', () => {
  expect([0, 1, 10_000, 10_001].map(size)).toEqual([1000, 1000, 1000, 10_000]);
});

test('batch_size goes before the default, and bytes before both', () => {
  expect(rowsPerPage({ rows: 5, bytesPerRow: 10 }, { batchSize: 7, pageBytes: 64 * MIB })).toBe(7);
  expect(rowsPerPage({ rows: 1e6, bytesPerRow: MIB }, { batchSize: 5000, pageBytes: 64 * MIB })).toBe(64);
  expect(rowsPerPage({ rows: 1e6, bytesPerRow: 100 * MIB }, { pageBytes: 64 * MIB })).toBe(1);
});

test.for([
  ['bool', 1],
  ['int8', 1],
  ['uint16', 2],
  ['halffloat', 2],
  ['float', 4],
  ['double', 8],
  ['date32:day', 4],
  ['date64:ms', 8],
  ['timestamp:us:UTC', 8],
  ['time32:s', 4],
  ['time64:ns', 8],
  ['duration:s', 8],
  ['decimal:128:10:2', 16],
  ['decimal:256:10:2', 32],
  ['dict:string:int32:false', 4],
] as const)('a value of type %s takes %i bytes', ([type, bytes]) => {
  expect(bytesPerRow([column('c', type)], [column('c', type)], undefined)).toBe(bytes);
});

test('a vector takes its items’ bytes, a struct its fields’, and no row takes none', () => {
  expect(bytesPerRow([VECTOR], [VECTOR], undefined)).toBe(3072);
  const struct = column('s', { type: 'struct', fields: [ID, column('x', 'float')] });
  expect(bytesPerRow([struct], [struct], undefined)).toBe(12);
  const binary = column('b', { type: 'fixed_size_binary', length: 16 });
  expect(bytesPerRow([binary], [binary], undefined)).toBe(16);
  expect(bytesPerRow([column('n', 'null')], [column('n', 'null')], undefined)).toBe(1);
});

test('columns of no fixed width share what the table’s size leaves', () => {
  const all = [ID, TEXT, column('more', 'string')];
  expect(bytesPerRow(all, all, undefined)).toBe(8 + 2 * 64);
  expect(bytesPerRow(all, all, { total_bytes: 1_008_000, num_rows: 1000 })).toBe(1008);
  expect(bytesPerRow([ID, TEXT], all, { total_bytes: 1_008_000, num_rows: 1000 })).toBe(508);
  expect(bytesPerRow([ID], all, { total_bytes: 1_008_000, num_rows: 1000 })).toBe(8);
  expect(bytesPerRow(all, all, { total_bytes: 0, num_rows: 0 })).toBe(8 + 2 * 64);
});
