import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { tableOptionsSchema } from '@lance-offload/base';
import type { LanceField } from '@lance-offload/lancedb';
import type { PlanJob } from '../../src/plan/plan-job.ts';
import { planColumns } from '../../src/plan/columns.ts';
import { queryFilterOf } from '../../src/plan/run-plan.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode, expectRejection } from '../../../base/test/expect-code.ts';
import { fieldsOf, lakeQuery, type Types } from '../merge/typed-table.ts';
import { ROWS, test, TYPES } from './changing-source.ts';
import { pathsOf } from '../paths-of.ts';

// The cases of docs/ingestion.md that are decided when a run is planned, before a page is enqueued.

const vector = (length: number): LanceField =>
  column('v', { type: 'fixed_size_list', length, fields: [column('item', 'float')] });

const SCD1 = { ingestion_type: 'scd_type_1', primary_keys: '["id"]', cursor_field: 'at' };
const SCD2 = { ...SCD1, ingestion_type: 'Scd_Type_2' };
const APPEND = { ingestion_type: 'append_only', cursor_field: 'at' };
const KEYED = [SCD1, SCD2];

test('case 4: rows without a key are found before a page is enqueued, and the lake stays empty', async ({
  world,
}) => {
  world.source.count = (predicate) => (predicate?.includes('IS NULL') ? 12 : 1000);
  for (const options of KEYED) {
    const error = await expectRejection(
      world.plan(options),
      'KEY_NULL',
      /12 rows have no value in "id", by which rows are told apart; nothing was published$/,
    );
    expect(error.words).toMatch(/, such as _rowid 7 \(id=null.*\); _rowid 8 /);
    expect(world.seen.findLast(({ url }) => url.endsWith('/count_rows/'))?.body).toEqual({
      version: 5,
      predicate: '`id` IS NULL',
    });
  }
  await expect(readdir(pathsOf(world.staging).root)).rejects.toThrow('ENOENT');
});

test('case 5: a sequence that was asked for must be there; one that the cursor stands in for need not', async ({
  world,
}) => {
  world.source.count = (predicate) => (predicate?.includes('`at` IS NULL') ? 1 : 3);
  const named = { ...SCD2, sequence_by: 'at' };
  await expectRejection(world.plan(named), 'KEY_NULL', /1 row has no value in "id" or "at"/);
  world.source.count = (predicate) => (predicate === '`id` IS NULL' ? 0 : 3);
  const { plan } = await world.plan(SCD2);
  expect(plan).toMatchObject({ sequenceBy: 'at', sequenceRequired: false, sourceRows: 3 });
});

const NANOSECONDS: Types = { id: 'int64', at: 'timestamp:ns:UTC', name: 'string' };
const IS_CUT = 'CAST(`at` AS bigint) % 1000 <> 0';

test('case 5a: a key or sequence with values that the lake would cut is found before a page is enqueued', async ({
  world,
}) => {
  world.source.types = NANOSECONDS;
  world.source.count = (predicate) => (predicate?.includes(IS_CUT) ? 2 : 0);
  const keyed = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['at'] };
  for (const options of [
    keyed,
    SCD1,
    { ...SCD2, filter_expression: 'id > 1' },
    { ...keyed, primary_keys: ['id'], sequence_by: 'at' },
  ]) {
    const error = await expectRejection(
      world.plan(options),
      'KEY_INEXACT',
      /^\[KEY_INEXACT\] Column "at" tells rows apart/,
    );
    expect(error.details).toMatchObject({ table: 'documents', column: 'at' });
  }
  const predicates = world.seen.map(({ body }) => (body as { predicate?: string } | undefined)?.predicate);
  expect(predicates).toContain(`(id > 1\n) AND (${IS_CUT})`);
  await expect(readdir(pathsOf(world.staging).root)).rejects.toThrow('ENOENT');
});

test('such columns are keys and sequences where no value is cut, and cursors of APPEND_ONLY in any case', async ({
  world,
}) => {
  world.source.types = NANOSECONDS;
  world.source.count = () => 0;
  for (const options of KEYED) expect((await world.plan(options)).plan.sequenceBy).toBe('at');
  world.source.count = (predicate) => (predicate?.includes(IS_CUT) ? 2 : 3);
  expect((await world.plan(APPEND)).plan.cursorField).toBe('at');
});

test('a source that cannot tell is not asked to: the pages look', async ({ world }) => {
  world.source.types = NANOSECONDS;
  world.source.count = () => 0;
  world.source.refuses = (predicate) => predicate?.includes('CAST') ?? false;
  expect((await world.plan(SCD1)).plan.sequenceBy).toBe('at');
});

test('the sequence is sequence_by, then cursor_field, then the version of the source', async ({ world }) => {
  const sequenceOf = async (options: object) => {
    const { sequenceBy, sequenceRequired, cursorField } = (await world.plan(options)).plan;
    return [sequenceBy, sequenceRequired, cursorField];
  };
  const keys = { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'] };
  expect(await sequenceOf({ ...keys, sequence_by: 'name', cursor_field: 'at' })).toEqual([
    'name',
    true,
    'at',
  ]);
  expect(await sequenceOf({ ...keys, cursor_field: 'at' })).toEqual(['at', false, 'at']);
  expect(await sequenceOf(keys)).toEqual([null, false, undefined]);
  expect(await sequenceOf(APPEND)).toEqual([null, false, 'at']);
});

for (const options of KEYED) {
  const mode = options.ingestion_type.toUpperCase();

  test(`case 9: a table the lake holds at this version is unchanged, and nothing is read, under ${mode}`, async ({
    world,
  }) => {
    await world.offload(options);
    expect((await world.plan(options)).plan.unchanged).toBe(true);
    expect((await world.plan(options, { full: true })).plan.unchanged).toBe(false);
    world.source.version = 6;
    expect((await world.plan(options)).plan.unchanged).toBe(false);
  });

  test(`case 12: only a complete and unfiltered scan says what is gone, unless a sweep was asked for, under ${mode}`, async ({
    world,
  }) => {
    const deletesOf = async (more: object, changes: Partial<PlanJob> = {}) => {
      const { plan } = await world.plan({ ...options, ...more }, changes);
      return [plan.deletes, plan.sweepRows];
    };
    expect(await deletesOf({})).toEqual(['snapshot', 0]);
    expect(await deletesOf({ filter_expression: 'id > 1' })).toEqual(['none', 0]);
    expect(await deletesOf({ offset: 1 })).toEqual(['none', 0]);
    expect(await deletesOf({ detect_deletes: 'false' })).toEqual(['none', 0]);
    expect(await deletesOf({ filter_expression: 'id > 1' }, { sweepDeletes: true })).toEqual(['sweep', 3]);
    expect(await deletesOf({ detect_deletes: false }, { sweepDeletes: true })).toEqual(['snapshot', 0]);
    await world.offload(options);
    world.source.version = 6;
    expect(await deletesOf({})).toEqual(['none', 0]); // incremental now
    expect(await deletesOf({}, { sweepDeletes: true })).toEqual(['sweep', 3]);
    expect(await deletesOf({}, { full: true })).toEqual(['snapshot', 0]);
  });

  test(`case 16: a column added at the source is planned, and said, under ${mode}`, async ({ world }) => {
    await world.offload(options);
    Object.assign(world.source, { version: 6, types: { ...TYPES, age: 'double' } });
    const { plan, schemaChanges } = await world.plan(options);
    expect(schemaChanges).toEqual([{ column: 'age', change: 'added', to: 'double' }]);
    expect(plan.notes).toEqual([
      expect.stringMatching(/"age" is new \(double\): null in the rows the lake has/),
    ]);
    expect(plan.cursorFrom).toBe('30');
  });

  test(`case 17: a column dropped at the source is planned without, and said, under ${mode}`, async ({
    world,
  }) => {
    await world.offload(options);
    Object.assign(world.source, { version: 6, types: { id: 'int64', at: 'int64' } });
    const { plan, schemaChanges } = await world.plan(options);
    expect(schemaChanges).toEqual([{ column: 'name', change: 'dropped', from: 'string' }]);
    expect(plan.columns.map(({ name }) => name)).toEqual(['id', 'at']);
    // Keys and sequence are not dropped: without them rows cannot be told apart.
    world.source.types = { id: 'int64', name: 'string' };
    await expectRejection(world.plan(options), 'CONFIG_INVALID', /cursor_field: there is no column "at"/);
  });

  test(`case 18: a column whose type has changed fails the run before a page is enqueued, under ${mode}`, async ({
    world,
  }) => {
    await world.offload(options);
    const files = await readdir(pathsOf(world.staging).runs('documents'));
    Object.assign(world.source, { version: 6, types: { id: 'string', at: 'int64', name: 'int64' } });
    await expectRejection(
      world.plan(options),
      'SCHEMA_MISMATCH',
      /"id" is "long" in the lake and "string" at the source; "name" is "string" in the lake and "long" at the source.*destination_table/,
    );
    expect(world.seen.filter(({ url }) => url.endsWith('/query/'))).toEqual([]);
    expect(await readdir(pathsOf(world.staging).runs('documents'))).toEqual(files);
  });

  test(`case 18: a key and a sequence that are wider now go on as what they were, and so do narrower ones, under ${mode}`, async ({
    world,
  }) => {
    const counts = { unchanged: 1, updated: 2, inserted: 0, deleted: 0, ties: 0 };
    for (const [version, id, at, add] of [
      [5, 'int8', 'float', 0],
      [6, 'int32', 'double', 0.1],
      [7, 'int64', 'double', 0.2],
      [8, 'int8', 'float', 0.5],
    ] as const) {
      const rows = ROWS.map((row, index) => ({ ...row, at: Math.fround(index === 0 ? 1 : 1 + index + add) }));
      Object.assign(world.source, { version, types: { id, at, name: 'string' }, rows });
      const report = await world.offload(options, { full: true });
      expect(report).toMatchObject({ verified: true, lakeRows: 3, ...(version > 5 && { rows: counts }) });
    }
    const versions = await lakeQuery(world.staging, 'SELECT count(*), count(DISTINCT "at") FROM documents');
    expect(versions).toEqual([mode === 'SCD_TYPE_1' ? [3, 3] : [9, 9]]);
  });

  test(`case 19: columns in another order are the same columns, under ${mode}`, async ({ world }) => {
    await world.offload(options);
    Object.assign(world.source, { version: 6, types: { name: 'string', at: 'int64', id: 'int64' } });
    const { plan, schemaChanges } = await world.plan(options);
    expect([schemaChanges, plan.notes]).toEqual([[], []]);
    expect(await world.offload(options)).toMatchObject({
      verified: true,
      rows: { unchanged: 3, updated: 0 },
    });
  });

  test(`case 26: rows without a cursor are read on every run, under ${mode}`, async ({ world }) => {
    world.source.rows = [...ROWS, { id: 4, at: null, name: 'no cursor' }];
    expect(await world.offload(options)).toMatchObject({
      verified: true,
      cursor: '30',
      rows: { inserted: 4 },
    });
    world.source.version = 6;
    const { plan } = await world.plan(options);
    expect(queryFilterOf(plan)).toBe("(`at` >= CAST('30' AS bigint) OR `at` IS NULL)");
  });

  test(`going back to an older version of the source is refused, under ${mode}`, async ({ world }) => {
    await world.offload(options);
    const message =
      /The lake holds version 5 of "documents" already, and SCD_TYPE_\d cannot go back to version 4; .*destination_table/;
    const older = { ...options, version: 4 };
    await expectRejection(world.plan(older), 'CONFIG_INVALID', message);
    await expectRejection(world.plan(older, { full: true }), 'CONFIG_INVALID', message);
  });

  test(`a lake table keeps its ingestion_type, primary_keys and sequence, under ${mode}`, async ({
    world,
  }) => {
    await world.offload(options);
    world.source.version = 6;
    for (const [change, words] of [
      [{ ingestion_type: 'APPEND_ONLY' }, /ingestion_type was SCD_TYPE_\d and is APPEND_ONLY/],
      [{ primary_keys: ['id', 'name'] }, /primary_keys was id and is id, name/],
      [{ sequence_by: 'name' }, /sequence_by was at and is name/],
      [{ cursor_field: undefined }, /sequence_by was at and is the source version/],
    ] as const) {
      const error = await expectRejection(world.plan({ ...options, ...change }), 'CONFIG_INVALID', words);
      expect(error.message).toMatch(/set destination_table to begin a new lake table$/);
    }
    // The same rules by another name are the same rules, and a table of its own may have any.
    expect((await world.plan({ ...options, sequence_by: 'at' })).plan.cursorFrom).toBe('30');
    const { plan } = await world.plan({ ...options, primary_keys: ['name'] }, { destination: 'other' });
    expect(plan).toMatchObject({ primaryKeys: ['name'], destination: 'other' });
  });
}

test('case 18: a vector whose dimension has changed fails the run before a page is enqueued', async ({
  world,
}) => {
  Object.assign(world.source, { rows: [], vector: vector(4) });
  for (const [index, options] of KEYED.entries()) {
    Object.assign(world.source, { version: 5, vector: vector(4) });
    const destination = `vectors ${index}`;
    await world.offload(options, { destination });
    Object.assign(world.source, { version: 6, vector: vector(8) });
    await expectRejection(
      world.plan(options, { destination }),
      'SCHEMA_MISMATCH',
      /"v" was a vector of 4 dimensions and is one of 8/,
    );
  }
});

test('case 22: a source column named like one of ours is rejected up front, in whatever case', () => {
  for (const name of ['_run_id', '_offloaded_at', '_row_hash', '_rowid', '__START_AT', '__end_at']) {
    const fields = [...fieldsOf(TYPES), column(name, 'int64')];
    for (const options of [...KEYED, APPEND])
      expectCode(
        () => planColumns('t', fields, tableOptionsSchema.parse(options)),
        'SCHEMA_MISMATCH',
        new RegExp(`has a column "${name}", a name the lake uses itself; leave it out with columns`),
      );
  }
});

const NESTED: readonly LanceField[] = [
  ...fieldsOf({ ...TYPES, price: 'float', ratio: 'double', half: 'halffloat', nothing: 'null' }),
  column('list', { type: 'list', fields: [column('item', 'int64')] }),
  column('struct', { type: 'struct', fields: [column('a', 'int64')] }),
  column('vector', { type: 'fixed_size_list', length: 4, fields: [column('item', 'float')] }),
];

test('case 23: primary_keys that cannot name a row are rejected up front, all of them at once', () => {
  for (const options of KEYED) {
    const named = ['idd', 'price', 'ratio', 'half', 'nothing', 'list', 'struct', 'vector', 'at'];
    const error = expectCode(
      () => planColumns('t', NESTED, tableOptionsSchema.parse({ ...options, primary_keys: named })),
      'CONFIG_INVALID',
      /primary_keys: there is no column "idd"; did you mean "id"\?/,
    );
    expect(error.details.problems).toHaveLength(8);
    expect(error.message).toMatch(
      /"vector" is fixed_size_list<float>\[4\]; it must be a scalar that is no float/,
    );
    expectCode(
      () => planColumns('t', NESTED, tableOptionsSchema.parse({ ...options, primary_keys: ['id', 'id'] })),
      'CONFIG_INVALID',
      /a column is named twice/,
    );
    expectCode(
      () => planColumns('t', NESTED, tableOptionsSchema.parse({ ...options, columns: ['name', 'at'] })),
      'CONFIG_INVALID',
      /primary_keys: "id" is not among `columns`/,
    );
  }
});

test('case 23: a sequence or a cursor that has no order is rejected up front', () => {
  for (const name of ['list', 'struct', 'vector', 'nothing', 'nowhere']) {
    for (const option of ['sequence_by', 'cursor_field'])
      expectCode(
        () => planColumns('t', NESTED, tableOptionsSchema.parse({ ...SCD1, [option]: name })),
        'CONFIG_INVALID',
        new RegExp(`${option}: .*"${name}"`),
      );
  }
  expect(
    planColumns('t', NESTED, tableOptionsSchema.parse({ ...SCD1, sequence_by: 'price' })).ingestion
      .sequenceBy,
  ).toBe('price');
});

test('case 24: SCD without primary_keys is rejected up front', async ({ world }) => {
  for (const ingestion_type of ['SCD_TYPE_1', 'SCD_TYPE_2'])
    await expectRejection(
      world.plan({ ingestion_type, cursor_field: 'at' }),
      'CONFIG_INVALID',
      new RegExp(`primary_keys: ${ingestion_type} needs the columns that name a row`),
    );
});

test('case 25: the window of an incremental run takes in the last cursor value, and rows without one, beside the table’s filter', async ({
  world,
}) => {
  const options = { ...APPEND, filter_expression: "name <> 'x' -- not x" };
  await world.offload(options);
  world.source.version = 6;
  const { plan } = await world.plan(options);
  expect(plan.cursorFrom).toBe('30');
  expect(queryFilterOf(plan)).toBe(
    "(name <> 'x' -- not x\n) AND (`at` >= CAST('30' AS bigint) OR `at` IS NULL)",
  );
});

test('case 26: APPEND_ONLY reads everything again where it must, and says that rows then stand there twice', async ({
  world,
}) => {
  world.source.rows = ROWS.map((row) => ({ ...row, at: null }));
  await world.offload(APPEND);
  world.source.version = 6;
  const notesOf = async (options: object, changes: Partial<PlanJob> = {}) =>
    (await world.plan(options, changes)).plan.notes;
  expect(await notesOf(APPEND)).toEqual([
    '"at" had no value so far: this run reads everything, and appends every row beside those the lake has',
  ]);
  expect(await notesOf(APPEND, { full: true })).toEqual([
    expect.stringMatching(/^--full: this run reads everything/),
  ]);
  expect(await notesOf({ ...APPEND, cursor_field: 'id' })).toEqual([
    expect.stringMatching(/^the lake has no cursor of "id" yet: this run reads everything/),
  ]);
});

test('a filter that changes reads everything again under SCD, and is refused under APPEND_ONLY, where rows would be missed', async ({
  world,
}) => {
  await world.offload(APPEND);
  await world.offload(SCD1, { destination: 'keyed' });
  world.source.version = 6;
  const filter_expression = 'id > 1';
  await expectRejection(
    world.plan({ ...APPEND, filter_expression }),
    'CONFIG_INVALID',
    /has changed since the last commit/,
  );
  const { plan } = await world.plan({ ...SCD1, filter_expression }, { destination: 'keyed' });
  expect([plan.cursorFrom, plan.deletes, plan.notes.length]).toEqual([undefined, 'none', 1]);
});

const pairOf = (...names: readonly string[]) => ({
  type: 'struct',
  fields: names.map((name) => column(name, 'int32')),
});

test('case 22a: names in a struct that readers take for one, or cannot open, are refused before a page is enqueued', async ({
  world,
}) => {
  const tables = {
    twins: pairOf('a', 'A'),
    umlaut: pairOf('é', 'É'),
    kelvin: pairOf('k', '\u212a'),
    blank: pairOf('', 'b'),
  };
  for (const type of Object.values(tables)) {
    world.source.vector = column('s', type);
    await expectRejection(world.plan({}), 'SCHEMA_MISMATCH', /columns: \["id","at","name"\]/);
  }
  expect(world.seen.map(({ url }) => url).filter((url) => url.includes('query'))).toEqual([]);
  await expect(readdir(pathsOf(world.staging).root)).rejects.toThrow('ENOENT');
});
