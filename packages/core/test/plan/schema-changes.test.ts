import { expect, test } from 'vitest';
import type { LanceField } from '@lance-offload/lancedb';
import { lakeSchemaOf, mergeSchemas } from '../../src/plan/lake-schema.ts';
import { schemaChanges, showSchemaChange, type SchemaChange } from '../../src/plan/schema-changes.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';

type Options = Partial<
  Pick<Parameters<typeof lakeSchemaOf>[0], 'withRowId' | 'ingestionType' | 'sequenceBy'>
>;

const schemaOf = (columns: readonly LanceField[], options: Options = {}) =>
  lakeSchemaOf({ columns: [...columns], withRowId: false, ...options });

function changes(
  before: readonly LanceField[],
  now: readonly LanceField[],
  options: readonly [Options, Options] = [{}, {}],
): SchemaChange[] {
  const [lake, run] = [schemaOf(before, options[0]), schemaOf(now, options[1])];
  return schemaChanges(lake, mergeSchemas('t', lake, run), run);
}

const tags = column('tags', { type: 'list', fields: [column('item', 'string')] });

test('columns added, dropped and widened are told, in the lake’s order and with their types', () => {
  const before = [column('n', 'int32'), tags, column('same', 'string')];
  const now = [column('at', 'timestamp:us:UTC'), column('same', 'large_string'), column('n', 'int64')];
  const told = changes(before, now);
  expect(told).toEqual([
    { column: 'n', change: 'widened', from: 'integer', to: 'long' },
    { column: 'tags', change: 'dropped', from: 'array<string>' },
    { column: 'at', change: 'added', to: 'timestamp' },
  ]);
  expect(told.map(showSchemaChange)).toEqual([
    'column "n" is widened from integer to long: from then on readers need Delta\'s typeWidening',
    'column "tags" is not in this run (array<string>): null in its rows',
    'column "at" is new (timestamp): null in the rows the lake has',
  ]);
});

test('a new table, the same columns in another order, and a narrower column change nothing', () => {
  const run = schemaOf([column('a', 'int64')]);
  expect(schemaChanges(undefined, mergeSchemas('t', undefined, run), run)).toEqual([]);
  expect(changes([column('a', 'int64'), tags], [tags, column('a', 'int64')])).toEqual([]);
  expect(changes([column('a', 'int64')], [column('a', 'int8')])).toEqual([]);
});

test('the lake’s own columns never count', () => {
  const [narrow, wide] = [[column('n', 'int32')], [column('n', 'int64')]];
  const history: Options = { ingestionType: 'SCD_TYPE_2', sequenceBy: 'n' };
  const widened = [{ column: 'n', change: 'widened', from: 'integer', to: 'long' }];
  expect(changes(narrow, wide, [history, history])).toEqual(widened);
  expect(changes(narrow, narrow, [{}, { ...history, withRowId: true }])).toEqual([]);
  expect(changes(narrow, narrow, [{ ...history, withRowId: true }, {}])).toEqual([]);
});
