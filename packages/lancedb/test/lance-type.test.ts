import * as arrow from 'apache-arrow';
import { expect, test } from 'vitest';
import { arrowTypeOf, lanceFieldSchema, showLanceType, type LanceType } from '../src/lance-type.ts';
import { showType } from '../../base/src/arrow/arrow-data.ts';
import { column } from './arrow-bodies.ts';

const item = (type: string) => [column('item', type)];
function show(type: LanceType): string {
  const known = arrowTypeOf(type);
  return known ? showType(known) : 'unknown';
}

test.for([
  ['decimal:128:12:3', 'Decimal[12e+3]'],
  ['decimal:256:38:6', 'Decimal[38e+6]'],
  ['timestamp:us:-', 'Timestamp<MICROSECOND>'],
  ['timestamp:ns:UTC', 'Timestamp<NANOSECOND, UTC>'],
  ['timestamp:ms:+05:30', 'Timestamp<MILLISECOND, +05:30>'],
  ['duration:ns', 'Duration<NANOSECOND>'],
  ['time32:ms', 'Time32<MILLISECOND>'],
  ['time64:ns', 'Time64<NANOSECOND>'],
  ['dict:timestamp:us:UTC:int32:false', 'Dictionary<Int32, Timestamp<MICROSECOND, UTC>>'],
  ['halffloat', 'Float16'],
] as const)('%s is Arrow’s %s', ([type, expected]) => {
  expect(show({ type })).toBe(expected);
});

test('the precision, scale and width of a decimal are taken each from its place', () => {
  expect(arrowTypeOf({ type: 'decimal:256:20:7' })).toMatchObject({ precision: 20, scale: 7, bitWidth: 256 });
});

test.for([
  'decimal',
  'decimal:128',
  'decimal:64:5:2',
  'timestamp',
  'timestamp:fortnight:-',
  'time32',
  'list',
  'struct of things',
  'map',
  'fixed_size_list',
  'fixed_size_binary',
  '',
])('%j is a type this release does not know', (type) => {
  expect(arrowTypeOf({ type })).toBeUndefined();
});

test('nested types are built from their fields, and unknown where one is', () => {
  expect(arrowTypeOf({ type: 'fixed_size_list', length: 4, fields: item('float') })).toMatchObject({
    listSize: 4,
  });
  expect(
    arrowTypeOf({ type: 'struct', fields: [column('a', 'int8'), column('b', 'string')] }),
  ).toBeInstanceOf(arrow.Struct);
  expect(arrowTypeOf({ type: 'list', fields: item('interval') })).toBeUndefined();
  expect(arrowTypeOf({ type: 'map', fields: item('string') })).toBeUndefined();
});

test('a described field may leave out what is usual', () => {
  expect(lanceFieldSchema.parse({ name: 'a', type: { type: 'int64', fields: null, length: null } })).toEqual({
    name: 'a',
    nullable: true,
    type: { type: 'int64' },
  });
});

test('types are shown on one line', () => {
  expect(showLanceType({ type: 'fixed_size_list', length: 768, fields: item('float') })).toBe(
    'fixed_size_list<float>[768]',
  );
  expect(
    showLanceType({
      type: 'list',
      fields: [column('item', { type: 'struct', fields: [column('a', 'string')] })],
    }),
  ).toBe('list<struct<a: string>>');
});
