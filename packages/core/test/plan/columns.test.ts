import { expect, test } from 'vitest';
import { planColumns } from '../../src/plan/columns.ts';
import { lakeColumns, showDeltaType } from '../../src/plan/lake-columns.ts';
import { lakeSchemaOf, mergeSchemas } from '../../src/plan/lake-schema.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';

const BLOB = column('blob', 'large_binary');
const NESTED_BLOB = column('nested', {
  type: 'list',
  fields: [column('item', { type: 'struct', fields: [column('b', 'binary')] })],
});
const FIELDS = [column('id', 'int64'), column('title', 'string'), BLOB, NESTED_BLOB];
const names = (columns: readonly { name: string }[]) => columns.map(({ name }) => name);

test('without options every column is offloaded, binary ones too, in the source’s order', () => {
  const plan = planColumns('t', FIELDS, {});
  expect([names(plan.columns), plan.droppedColumns, plan.notes]).toEqual([
    ['id', 'title', 'blob', 'nested'],
    [],
    [],
  ]);
});

test('chosen columns come in the source’s order', () => {
  expect(names(planColumns('t', FIELDS, { columns: ['title', 'id'] }).columns)).toEqual(['id', 'title']);
});

test('every unknown column is reported at once, each with the nearest', () => {
  const error = expectCode(
    () => planColumns('t', FIELDS, { columns: ['titel', 'id', 'idd'] }),
    'CONFIG_INVALID',
    /"titel"; did you mean "title"\?.*"idd"; did you mean "id"\?/,
  );
  expect(error.details.problems).toHaveLength(2);
});

test('binary columns, nested ones too, can be dropped or refused', () => {
  const dropped = planColumns('t', FIELDS, { binary_columns: 'drop' });
  expect([names(dropped.columns), names(dropped.droppedColumns)]).toEqual([
    ['id', 'title'],
    ['blob', 'nested'],
  ]);
  expectCode(
    () => planColumns('t', FIELDS, { binary_columns: 'error' }),
    'CONFIG_INVALID',
    /binary columns: "blob", "nested"; leave them out with columns/,
  );
  expectCode(
    () => planColumns('t', [BLOB], { binary_columns: 'drop' }),
    'CONFIG_INVALID',
    /no column is left/,
  );
});

test.for(['_run_id', '_offloaded_at', '_row_hash', '_rowid', '__START_AT', '__END_AT', '_ROW_HASH'])(
  'a source column named %s is refused, unless it is left out',
  (name) => {
    const fields = [column('id', 'int64'), column(name, 'int64')];
    expectCode(() => planColumns('t', fields, {}), 'SCHEMA_MISMATCH', /a name the lake uses itself/);
    expect(names(planColumns('t', fields, { columns: ['id'] }).columns)).toEqual(['id']);
  },
);

test('columns that differ in case only are refused, unless one is left out', () => {
  const fields = [column('id', 'int64'), column('ID', 'int64')];
  expectCode(
    () => planColumns('t', fields, {}),
    'SCHEMA_MISMATCH',
    /Columns of table "t": "id" and "ID" differ in case only.*; leave the column out with columns: \["id"\], or rename it/,
  );
  expect(names(planColumns('t', fields, { columns: ['ID'] }).columns)).toEqual(['ID']);
});

test.for([
  'interval:month_day_nano',
  'decimal:256:76:10',
  'decimal:128:10:-2',
  'decimal:32:5:2',
  'union',
  'run_end_encoded',
  'list',
])('a column of type %s is refused with the columns that would go', (type) => {
  const error = expectCode(
    () => planColumns('t', [column('id', 'int64'), column('odd', type)], {}),
    'TYPE_UNSUPPORTED',
    /Column "odd" of table "t" has type .*; leave it out with columns: \["id"\]/,
  );
  expect(error.details).toEqual({ table: 't', column: 'odd' });
});

test('what the lake keeps less exactly is said of each column, once', () => {
  const nanos = column('item', 'timestamp:ns:-');
  const { notes } = planColumns(
    't',
    [
      column('at', 'timestamp:ns:UTC'),
      column('us', 'timestamp:us:-'),
      column('s', { type: 'struct', fields: [nanos, { ...nanos, name: 'b' }] }),
      column('time', 'time64:ns'),
    ],
    {},
  );
  expect(notes).toEqual(
    ['at', 's', 'time'].map((name) => `column "${name}": nanoseconds are cut to microseconds`),
  );
});

const vector = column('vector', { type: 'fixed_size_list', length: 4, fields: [column('item', 'float')] });

test('the lake’s schema has the columns, those of the lineage, and the row id where it was asked for', () => {
  const { fields } = lakeSchemaOf({ columns: [column('id', 'int64'), vector], withRowId: true });
  expect(names(fields)).toEqual(['id', 'vector', '_rowid', '_run_id', '_offloaded_at', '_row_hash']);
  expect(fields[1]?.metadata).toEqual({ 'lance.type': 'fixed_size_list<float>[4]', 'lance.vectorLength': 4 });
});

const schemaOf = (...columns: ReturnType<typeof column>[]) => lakeSchemaOf({ columns, withRowId: false });

test('merging schemas keeps the lake’s columns and adds new ones behind them', () => {
  const [lake, run] = [
    schemaOf(column('a', 'int64'), column('b', 'string')),
    schemaOf(column('c', 'bool'), column('a', 'int64')),
  ];
  expect(names(mergeSchemas('t', lake, run).fields)).toEqual([
    'a',
    'b',
    '_run_id',
    '_offloaded_at',
    '_row_hash',
    'c',
  ]);
  expect(mergeSchemas('t', undefined, run)).toBe(run);
  expect(mergeSchemas('t', lake, lake)).toEqual(lake);
});

const vectorOf = (length: number) =>
  column('v', { type: 'fixed_size_list', length, fields: [column('item', 'float')] });

test('a changed type, vector length or spelling is refused, all of them together', () => {
  const lake = schemaOf(column('a', 'int64'), vectorOf(4), column('Name', 'string'));
  const run = schemaOf(column('a', 'string'), vectorOf(8), column('name', 'string'));
  const error = expectCode(
    () => mergeSchemas('t', lake, run),
    'SCHEMA_MISMATCH',
    /"a" is "long" in the lake and "string" at the source; "v" was a vector of 4 dimensions and is one of 8; "name" is called "Name"/,
  );
  expect(error.details.problems).toHaveLength(3);
});

test('a source type that has the same type in the lake still fits it', () => {
  expect(() =>
    mergeSchemas('t', schemaOf(column('a', 'int32')), schemaOf(column('a', 'uint16'))),
  ).not.toThrow();
});

test('types are shown in one line on both sides', () => {
  const field = column('s', {
    type: 'struct',
    fields: [column('l', { type: 'list', fields: [column('item', 'uint64')] })],
  });
  expect(lakeColumns([field, column('x', 'interval')])).toEqual([
    {
      name: 's',
      sourceType: 'struct<l: list<uint64>>',
      nullable: true,
      lakeType: 'struct<l: array<decimal(20,0)>>',
      notes: [],
    },
    { name: 'x', sourceType: 'interval', nullable: true, lakeType: undefined, notes: [] },
  ]);
  expect(showDeltaType({ type: 'map', keyType: 'string', valueType: 'long', valueContainsNull: true })).toBe(
    'map<string, long>',
  );
});

const ADDRESSES = 'is a blob column, of which LanceDB answers a query with addresses, not with bytes';

test.for([
  { metadata: { 'lance-encoding:blob': 'true' }, type: 'large_binary', words: ADDRESSES },
  { metadata: { 'ARROW:extension:name': 'lance.blob.v2' }, type: 'large_binary', words: ADDRESSES },
  { metadata: { 'ARROW:extension:name': 'lance.json' }, type: 'large_binary', words: 'has type lance.json' },
  { metadata: { 'ARROW:extension:name': 'lance.bfloat16' }, type: 'int16', words: 'has type lance.bfloat16' },
])('a column of Lance’s own kind ($metadata) is refused, also inside others', ({ metadata, type, words }) => {
  const own = { name: 'own', nullable: true, type: { type }, metadata };
  const nested = column('own', { type: 'list', fields: [{ ...own, name: 'item' }] });
  for (const field of [own, nested]) {
    const error = expectCode(
      () => planColumns('docs', [column('id', 'int64'), field], {}),
      'TYPE_UNSUPPORTED',
      /Column "own" of table "docs" .*; leave it out with columns: \["id"\]/,
    );
    expect(error.message).toContain(words);
  }
  const left = planColumns('docs', [column('id', 'int64'), own], { columns: ['id'] });
  expect(left.columns.map(({ name }) => name)).toEqual(['id']);
});

test('a blob described as a struct of addresses is left out like any binary column', () => {
  const addresses = { type: 'struct', fields: [column('position', 'uint64'), column('size', 'uint64')] };
  const blob = { ...column('photo', addresses), metadata: { 'ARROW:extension:name': 'lance.blob.v2' } };
  const plan = planColumns('docs', [column('id', 'int64'), blob], { binary_columns: 'drop' });
  expect(names(plan.droppedColumns)).toEqual(['photo']);
});

test('a UUID is kept as the bytes it is', () => {
  const type = { type: 'fixed_size_binary', length: 16 };
  const field = { ...column('u', type), metadata: { 'ARROW:extension:name': 'arrow.uuid' } };
  expect(planColumns('docs', [field], {}).columns).toEqual([field]);
});
