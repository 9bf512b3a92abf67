import { expect, test } from 'vitest';
import { protocolFor, lakeTypeOf, isWidening, type DeltaField, type DeltaStruct } from '@lance-offload/delta';
import type { LanceField } from '@lance-offload/lancedb';
import { lakeSchemaOf, mergeSchemas, schemaProperties, writeTypes } from '../../src/plan/lake-schema.ts';
import { arrowTypeOfWide } from '../../../delta/src/types/type-widening.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';

const schemaOf = (...columns: LanceField[]) => lakeSchemaOf({ columns, withRowId: false });
const history = (sequenceBy: string | null, ...columns: LanceField[]) =>
  lakeSchemaOf({ columns, withRowId: false, ingestionType: 'SCD_TYPE_2', sequenceBy });
const fieldOf = (schema: DeltaStruct, name: string): DeltaField | undefined =>
  schema.fields.find((field) => field.name === name);
const merge = (before: string, now: string) =>
  mergeSchemas('t', schemaOf(column('x', before)), schemaOf(column('x', now)));
const expectRefusal = (lake: DeltaStruct, run: DeltaStruct, message?: RegExp) =>
  expectCode(() => mergeSchemas('t', lake, run), 'SCHEMA_MISMATCH', message);

const TYPES = [
  'byte',
  'short',
  'integer',
  'long',
  'float',
  'double',
  'decimal(10,2)',
  'decimal(12,2)',
  'decimal(12,4)',
  'decimal(11,4)',
  'decimal(20,0)',
  'string',
  'boolean',
  'date',
  'timestamp',
  'timestamp_ntz',
];

test('types widen as Delta changes them by itself, and no others', () => {
  const pairs = TYPES.flatMap((from) =>
    TYPES.filter((to) => isWidening(from, to)).map((to) => `${from} → ${to}`),
  );
  expect(pairs).toEqual([
    'byte → short',
    'byte → integer',
    'byte → long',
    'short → integer',
    'short → long',
    'integer → long',
    'float → double',
    'decimal(10,2) → decimal(12,2)',
    'decimal(10,2) → decimal(12,4)',
    'decimal(11,4) → decimal(12,4)',
  ]);
});

test('every type that another widens to is written as the Parquet type of its own', () => {
  const wide = TYPES.filter((to) => TYPES.some((from) => isWidening(from, to)));
  expect(wide.map((type) => lakeTypeOf(arrowTypeOfWide(type))?.delta)).toEqual(wide);
  expect(() => arrowTypeOfWide('string')).toThrow(TypeError);
});

test('a source column that became wider is widened in the lake, with what it was in its history', () => {
  const merged = merge('int32', 'int64');
  expect(fieldOf(merged, 'x')).toEqual({
    name: 'x',
    type: 'long',
    nullable: true,
    metadata: { 'lance.type': 'int64', 'delta.typeChanges': [{ fromType: 'integer', toType: 'long' }] },
  });
  expect(merged.fields.map(({ name }) => name)).toEqual(['x', '_run_id', '_offloaded_at', '_row_hash']);
  expect(fieldOf(merge('float', 'double'), 'x')?.type).toBe('double');
  expect(fieldOf(merge('decimal:128:10:2', 'decimal:256:12:4'), 'x')?.type).toBe('decimal(12,4)');
});

test('a column widened more than once, or run after run, keeps all of its history', () => {
  const runs = ['int8', 'int16', 'int16', 'int8', 'int64', 'int32'].map((type) =>
    schemaOf(column('x', type)),
  );
  let lake: DeltaStruct | undefined;
  for (const run of runs) lake = mergeSchemas('t', lake, run);
  const without = mergeSchemas('t', lake, schemaOf(column('other', 'string')));
  expect(fieldOf(without, 'x')).toEqual(lake && fieldOf(lake, 'x'));
  expect(fieldOf(without, 'x')).toMatchObject({
    type: 'long',
    metadata: {
      'lance.type': 'int64',
      'delta.typeChanges': [
        { fromType: 'byte', toType: 'short' },
        { fromType: 'short', toType: 'long' },
      ],
    },
  });
});

test('a table with a widened column has the table feature and the property that Delta asks for', () => {
  const [plain, widened] = [merge('int32', 'int32'), merge('int32', 'int64')];
  expect(schemaProperties(plain)).toEqual({});
  expect(schemaProperties(widened)).toEqual({ 'delta.enableTypeWidening': 'true' });
  const protocol = protocolFor(widened, { before: protocolFor(plain) });
  expect(protocol).toEqual({
    minReaderVersion: 3,
    minWriterVersion: 7,
    readerFeatures: ['typeWidening'],
    writerFeatures: ['appendOnly', 'invariants', 'typeWidening'],
  });
});

test.for([
  ['int32', 'int8', 'integer'],
  ['int64', 'uint16', 'long'],
  ['double', 'halffloat', 'double'],
  ['decimal:128:38:4', 'decimal:128:10:2', 'decimal(38,4)'],
] as const)(
  'a source column narrower than the lake’s (%s, then %s) is written in the lake’s type',
  ([before, now, type]) => {
    const [lake, run] = [schemaOf(column('x', before)), schemaOf(column('x', now), column('new', 'int8'))];
    const merged = mergeSchemas('t', lake, run);
    expect(fieldOf(merged, 'x')).toEqual(fieldOf(lake, 'x'));
    expect(writeTypes(merged, run)).toEqual([{ column: 'x', type }]);
  },
);

test('a plan that says what it writes has the schema of its files', () => {
  const columns = [column('x', 'int8'), column('same', 'string')];
  const writes = [{ column: 'x', type: 'long' }];
  const files = lakeSchemaOf({ columns, withRowId: false, writeTypes: writes });
  expect(files.fields.slice(0, 2).map(({ name, type }) => [name, type])).toEqual([
    ['x', 'long'],
    ['same', 'string'],
  ]);
  const lake = schemaOf(column('x', 'int64'), column('same', 'string'));
  expect(mergeSchemas('t', lake, files)).toEqual(lake);
});

test('columns that the lake has in the run’s own type are written as they are', () => {
  const run = schemaOf(column('x', 'int64'), column('same', 'string'), column('new', 'float'));
  expect(writeTypes(run, run)).toEqual([]);
  const lake = schemaOf(column('x', 'int32'), column('same', 'large_string'), column('gone', 'double'));
  expect(writeTypes(mergeSchemas('t', lake, run), run)).toEqual([]);
});

test.for([
  ['int64', 'string', 'long', 'string'],
  ['string', 'int64', 'string', 'long'],
  ['int32', 'double', 'integer', 'double'],
  ['double', 'int32', 'double', 'integer'],
  ['int64', 'uint64', 'long', 'decimal(20,0)'],
  ['int8', 'bool', 'byte', 'boolean'],
  ['date32:day', 'timestamp:us:-', 'date', 'timestamp_ntz'],
  ['timestamp:us:UTC', 'timestamp:us:-', 'timestamp', 'timestamp_ntz'],
  ['decimal:128:12:2', 'decimal:128:12:4', 'decimal(12,2)', 'decimal(12,4)'],
  ['decimal:128:12:2', 'decimal:128:10:4', 'decimal(12,2)', 'decimal(10,4)'],
  ['duration:s', 'duration:ms', 'duration:s', 'duration:ms'],
  ['int32', 'duration:ms', 'int32', 'duration:ms'],
] as const)('a column that was %s and is %s is refused, saying both', ([before, now, was, is]) => {
  const [lake, run] = [schemaOf(column('x', before)), schemaOf(column('x', now), column('id', 'int64'))];
  const { details } = expectRefusal(lake, run);
  expect(details.problems).toEqual([`"x" is "${was}" in the lake and "${is}" at the source`]);
});

const list = (type: string): LanceField['type'] => ({ type: 'list', fields: [column('item', type)] });
const struct = (...fields: LanceField[]): LanceField['type'] => ({ type: 'struct', fields });
const map = (value: string): LanceField['type'] => ({
  type: 'map',
  fields: [column('entries', struct(column('key', 'string'), column('value', value)))],
});
const [a, b] = [column('a', 'int32'), column('b', 'string')];

test.for([
  ['the items of a list', list('int32'), list('int64'), 'array<integer>', 'array<long>'],
  ['the items of a list, to narrower ones', list('double'), list('float'), 'array<double>', 'array<float>'],
  ['the values of a map', map('float'), map('double'), 'map<string, float>', 'map<string, double>'],
  [
    'a field added to a struct',
    struct(a),
    struct(a, b),
    'struct<a: integer>',
    'struct<a: integer, b: string>',
  ],
  [
    'a field dropped from a struct',
    struct(b, a),
    struct(a),
    'struct<b: string, a: integer>',
    'struct<a: integer>',
  ],
  [
    'a field of a struct',
    struct(a, b),
    struct(column('a', 'int64'), b),
    'struct<a: integer, b: string>',
    'struct<a: long, b: string>',
  ],
  [
    'the order of a struct’s fields',
    struct(a, b),
    struct(b, a),
    'struct<a: integer, b: string>',
    'struct<b: string, a: integer>',
  ],
] as const)('a change inside a column is refused: %s', ([, before, now, was, is]) => {
  const { details } = expectRefusal(schemaOf(column('x', before)), schemaOf(column('x', now)));
  expect(details.problems).toEqual([
    `"x" is "${was}" in the lake and "${is}" at the source (no change inside a struct, list or map is followed)`,
  ]);
});

test('the unit of durations inside a column is no less part of it', () => {
  const [lake, run] = [
    schemaOf(column('x', list('duration:us'))),
    schemaOf(column('x', list('duration:ns'))),
  ];
  expect(expectRefusal(lake, run).details.problems).toEqual([
    '"x" is "list<duration:us>" in the lake and "list<duration:ns>" at the source',
  ]);
});

test('a refusal names every column, and how to go on without them', () => {
  const lake = schemaOf(column('a', 'int64'), column('b', 'string'), column('c', 'bool'));
  const run = schemaOf(column('id', 'int64'), column('b', 'int8'), column('a', 'bool'), column('c', 'bool'));
  const { message } = expectRefusal(lake, run);
  expect(message).toBe(
    '[SCHEMA_MISMATCH] Table "t" no longer fits its lake table: "b" is "string" in the lake and "byte" at the source; ' +
      '"a" is "long" in the lake and "boolean" at the source; leave them out with columns: ["id","c"], or start a new ' +
      'lake table with destination_table',
  );
  expectRefusal(
    schemaOf(column('a', 'int64')),
    schemaOf(column('a', 'bool'), column('b', 'bool')),
    /; leave it out with columns: \["b"\], or start a new lake table with destination_table$/,
  );
});

test('a table whose every column changed can only go into a new lake table', () => {
  const [lake, run] = [schemaOf(column('a', 'int64')), schemaOf(column('a', 'bool'))];
  expect(expectRefusal(lake, run).message).toMatch(
    /"boolean" at the source; start a new lake table with destination_table$/,
  );
});

const bounds = (schema: DeltaStruct) => schema.fields.slice(-2).map(({ name, type }) => [name, type]);

test('the bounds of SCD_TYPE_2 have the type of the sequence, and widen with it', () => {
  const [lake, run] = [history('x', column('x', 'int32')), history('x', column('x', 'int64'))];
  expect(bounds(lake)).toEqual([
    ['__START_AT', 'integer'],
    ['__END_AT', 'integer'],
  ]);
  const merged = mergeSchemas('t', lake, run);
  expect(bounds(merged)).toEqual([
    ['__START_AT', 'long'],
    ['__END_AT', 'long'],
  ]);
  expect(writeTypes(mergeSchemas('t', run, lake), lake)).toEqual(
    ['x', '__START_AT', '__END_AT'].map((name) => ({ column: name, type: 'long' })),
  );
  expect(bounds(history(null, column('x', 'string')))).toEqual(bounds(merged));
});

test('bounds that no longer fit are named only where no source column tells why', () => {
  const lake = history('x', column('x', 'int32'), column('y', 'string'));
  const changed = expectRefusal(lake, history('x', column('x', 'string'), column('y', 'string')));
  expect(changed.details.problems).toEqual(['"x" is "integer" in the lake and "string" at the source']);
  const other = expectRefusal(lake, history('y', column('x', 'int32'), column('y', 'string')));
  expect(other.details.problems).toHaveLength(2);
  expect(other.message).toMatch(
    /"__END_AT" is "integer" in the lake and "string" at the source; start a new lake table/,
  );
});
