import { expect, test } from 'vitest';
import type { LanceField } from '@lance-offload/lancedb';
import type { LanceType } from '../../../lancedb/src/lance-type.ts';
import { planColumns } from '../../src/plan/columns.ts';
import { lakeSchemaOf, mergeSchemas } from '../../src/plan/lake-schema.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';

const ID = column('id', 'int64');
const structOf = (...names: readonly string[]): LanceType => ({
  type: 'struct',
  fields: names.map((name) => column(name, 'int32')),
});
const listOf = (type: LanceType): LanceType => ({ type: 'list', fields: [column('item', type)] });
const mapOf = (key: LanceType, value: LanceType): LanceType => ({
  type: 'map',
  fields: [
    column('entries', { type: 'struct', fields: [column('key', key), column('value', value)] }, false),
  ],
});
const STRING: LanceType = { type: 'string' };
const plan = (...fields: readonly LanceField[]) => planColumns('t', fields, {});

/** Pairs that delta-kernel-rs (lower case) or Spark (`equalsIgnoreCase`) take for one name. */
const TWINS = [
  ['a', 'A'],
  ['é', 'É'],
  ['k', '\u212a'],
  ['s', '\u017f'],
  ['ς', 'Σ'],
  ['ς', 'σ'],
  ['ß', 'ẞ'],
  ['ı', 'I'],
  ['İ', 'i'],
  ['İ', 'i\u0307'],
  ['å', '\u212b'],
  ['ａ', 'Ａ'],
  ['\u{10400}', '\u{10428}'],
] as const;

test.for(TWINS)('%s and %s are twins, at the top and at any depth, by either order', ([first, second]) => {
  for (const [a, b] of [
    [first, second],
    [second, first],
  ]) {
    if (a === undefined || b === undefined) throw new Error('a pair has two names');
    const words = /differ in case only, which the lake cannot tell apart/;
    expectCode(() => plan(column(a, 'int32'), column(b, 'int32')), 'SCHEMA_MISMATCH', words);
    const types = [structOf(a, b), listOf(structOf(a, b)), mapOf(STRING, structOf(a, b))];
    for (const type of types) {
      const error = expectCode(() => plan(ID, column('s', type)), 'SCHEMA_MISMATCH', words);
      expect(error.message).toContain('; leave the column out with columns: ["id"]');
    }
  }
});

test.for([
  ['ss', 'ß'],
  ['é', 'e\u0301'],
  ['ﬀ', 'ff'],
  ['a', 'а'], // the second is Cyrillic
  ['a ', 'a'],
] as const)('"%s" and "%s" are two names to every reader', ([first, second]) => {
  const fields = [column(first, 'int32'), column(second, 'int32'), column('s', structOf(first, second))];
  expect(plan(...fields).columns).toEqual(fields);
});

test('the path to a name is told through lists, maps and structs, and how to leave its column out', () => {
  const nested = { type: 'struct', fields: [column('m', mapOf(STRING, listOf(structOf('b', 'B'))))] };
  const error = expectCode(() => plan(ID, column('s', nested)), 'SCHEMA_MISMATCH');
  expect(error.message).toBe(
    '[SCHEMA_MISMATCH] Column "s" of table "t": "s.m.value.element.b" and "s.m.value.element.B" differ in case only, which the lake cannot tell apart; leave the column out with columns: ["id"], or rename it at the source',
  );
  expect(error.details).toEqual({ table: 't', column: 's' });
  const keyed = expectCode(() => plan(ID, column('m', mapOf(structOf('a', 'A'), STRING))), 'SCHEMA_MISMATCH');
  expect(keyed.message).toContain('"m.key.a" and "m.key.A"');
  expect(planColumns('t', [ID, column('s', nested)], { columns: ['id'] }).columns).toEqual([ID]);
});

test.for([
  { name: '', words: 'is an empty name' },
  { name: 'a\0b', words: 'holds a NUL character' },
  { name: 'a\ud800', words: 'holds half a character' },
])('a name that $words is refused, at the top and at any depth', ({ name, words }) => {
  for (const field of [
    column(name, 'int32'),
    column('s', structOf('b', name)),
    column('l', listOf(structOf(name))),
  ]) {
    const error = expectCode(
      () => plan(ID, field),
      'SCHEMA_MISMATCH',
      /leave the column out with columns: \["id"\]/,
    );
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('\0');
  }
});

test('names are of any length; of a long one a message has the beginning', () => {
  const long = 'x'.repeat(70_000);
  expect(plan(column(long, structOf(long))).columns).toHaveLength(1);
  const { message } = expectCode(
    () => plan(ID, column('s', structOf(long, long.toUpperCase()))),
    'SCHEMA_MISMATCH',
  );
  expect(message.length).toBeLessThan(500);
});

test('the lake’s own names are refused at the top only, in any case that a reader takes for theirs', () => {
  expectCode(
    () => plan(ID, column('_row_ha\u017fh', 'int64')),
    'SCHEMA_MISMATCH',
    /a name the lake uses itself/,
  );
  expect(plan(column('s', structOf('_row_hash', '__END_AT', '_rowid'))).columns).toHaveLength(1);
  const vector = column('v', { type: 'fixed_size_list', length: 1, fields: [column('item', 'float')] });
  const search = () => planColumns('t', [vector, column('_Distance', 'float')], { query_vector: [1] });
  expectCode(search, 'CONFIG_INVALID', /the table has a column "_Distance", where a search puts its own/);
});

const within = (type: LanceType): LanceType => ({ type: 'struct', fields: [column('a', type)] });

function deep(levels: number, wrap: (type: LanceType) => LanceType): LanceType {
  let type: LanceType = { type: 'int32' };
  for (let level = 0; level < levels; level++) type = wrap(type);
  return type;
}

test('columns nested deeper than readers go, and structs without fields, are refused', () => {
  expect(plan(column('s', deep(32, within)), column('l', deep(32, listOf))).columns).toHaveLength(2);
  for (const type of [deep(33, within), deep(33, listOf), deep(17, (value) => mapOf(STRING, value))])
    expectCode(
      () => plan(ID, column('s', type)),
      'SCHEMA_MISMATCH',
      /more than 32 levels deep; leave the column out/,
    );
  for (const type of [structOf(), listOf(structOf())])
    expectCode(() => plan(ID, column('s', type)), 'TYPE_UNSUPPORTED', /leave it out with columns: \["id"\]/);
});

const schemaOf = (...columns: LanceField[]) => lakeSchemaOf({ columns, withRowId: false });

test.for(TWINS)('a column %s that comes later is refused where the lake has %s', ([first, second]) => {
  const merge = () =>
    mergeSchemas('t', schemaOf(ID, column(second, 'int32')), schemaOf(ID, column(first, 'int32')));
  const error = expectCode(merge, 'SCHEMA_MISMATCH');
  expect(error.message).toContain(
    `"${first}" is called "${second}" in the lake, where case does not count; leave it out with columns: ["id"]`,
  );
});

test('a field that comes into a struct later, twin or not, is refused', () => {
  const [before, after] = [['a'], ['a', 'A']].map((names) => schemaOf(column('s', structOf(...names))));
  const error = expectCode(() => after && mergeSchemas('t', before, after), 'SCHEMA_MISMATCH');
  expect(error.message).toContain('no change inside a struct, list or map is followed');
});
