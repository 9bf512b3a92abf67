import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { tableOptionsSchema } from '../../src/config/table-options.ts';
import { PAYLOAD_VERSION, type PlanJob } from '../../src/jobs/payloads.ts';
import { commitRun } from '../../src/lake/commit-run.ts';
import { LakePaths } from '../../src/lake/paths.ts';
import type { RunReport } from '../../src/lake/report.ts';
import { Staging } from '../../src/lake/staging.ts';
import type { LanceField } from '../../src/lancedb/lance-type.ts';
import { buildPlan, type PlannedRun } from '../../src/plan/build-plan.ts';
import { planColumns } from '../../src/plan/columns.ts';
import { queryFilterOf } from '../../src/plan/run-plan.ts';
import { bodyOf, column, int64, rowIds } from '../arrow-bodies.ts';
import { expectCode, expectRejection } from '../expect-code.ts';
import { fieldsOf, stageTable, type Row, type Types } from '../lake/merge/typed-table.ts';
import { json, test as base, type Answer, type Seen, type Served } from '../lancedb/http-server.ts';

// The cases of docs/ingestion.md that are decided when a run is planned, before a page is enqueued.

/** A source with one table. What it holds may change between runs. */
interface Source {
  version: number;
  types: Types;
  /** A column of a type that `types` has no word for, in tables without rows. */
  vector?: LanceField;
  rows: readonly Row[];
  /** Rows that match a predicate; all of them, and none for one that asks for nulls, where absent. */
  count?: (predicate: string | undefined) => number;
}

const TYPES: Types = { id: 'int64', at: 'int64', name: 'string' };
const ROWS: readonly Row[] = [1, 2, 3].map((id) => ({ id, at: id * 10, name: `name ${id}` }));

function answerOf(source: Source): Answer {
  return (response, request) => {
    const operation = /\/(\w+)\/$/.exec(request.url)?.[1];
    const fields = [...fieldsOf(source.types), ...(source.vector ? [source.vector] : [])];
    if (operation === 'describe')
      return json(200, { version: source.version, schema: { fields } })(response, request);
    if (operation === 'query') {
      const rows = bodyOf([{ id: int64([null, 4n]), at: int64([1n, null]), _rowid: rowIds(7, 2) }], 'file');
      return response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.file' }).end(rows);
    }
    if (operation !== 'count_rows') return json(404, { error: 'no such operation' })(response, request);
    const { predicate } = request.body as { predicate?: string };
    const counted =
      source.count?.(predicate) ?? (/`(?:id|name)` IS NULL/.test(predicate ?? '') ? 0 : source.rows.length);
    return json(200, counted)(response, request);
  };
}

class World {
  readonly source: Source = { version: 5, types: TYPES, rows: ROWS };
  readonly staging: Staging;
  readonly #served: Served;
  #runs = 0;

  constructor(root: string, served: Served) {
    this.staging = new Staging(new LakePaths(root));
    this.#served = served;
  }

  get seen(): readonly Seen[] {
    return this.#served.seen;
  }

  /** Plans a run with options as they stand in offload.yaml. */
  plan(options: object, changes: Partial<PlanJob> = {}): Promise<PlannedRun> {
    this.#runs += 1;
    const job: PlanJob = {
      payloadVersion: PAYLOAD_VERSION,
      runId: `documents-20261122T101500Z-${String(this.#runs).padStart(4, '0')}`,
      table: 'documents',
      destination: 'documents',
      source: this.#served.client.url,
      startedAtMs: this.#runs,
      options: tableOptionsSchema.parse(options),
      full: false,
      sweepDeletes: false,
      ...changes,
    };
    const { client: source } = this.#served;
    return buildPlan(job, { source, staging: this.staging, pageBytes: 65_536, createdBy: 'core-test' });
  }

  /** Plans, stages and commits a run over what the source holds. */
  async offload(options: object, changes: Partial<PlanJob> = {}): Promise<RunReport> {
    const { plan } = await this.plan(options, changes);
    await stageTable(this.staging, plan, this.source);
    return commitRun(plan, this.staging);
  }
}

const test = base.extend<{ world: World }>({
  world: async ({ serve }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'core-cases-'));
    const answer: { of?: Answer } = {};
    const world = new World(path.join(folder, 'lake'), await serve([(...asked) => answer.of?.(...asked)]));
    answer.of = answerOf(world.source);
    await use(world);
    await rm(folder, { recursive: true });
  },
});

const SCD1 = { ingestion_type: 'scd_type_1', primary_keys: '["id"]', cursor_field: 'at' };
const SCD2 = { ...SCD1, ingestion_type: 'Scd_Type_2' };
const APPEND = { ingestion_type: 'append_only', cursor_field: 'at' };
const KEYED = [SCD1, SCD2];

test('case 4: rows without a key are found before a page is enqueued, and the lake stays empty', async ({
  world,
}) => {
  world.source.count = (predicate) => (predicate?.includes('IS NULL') ? 12 : 1000);
  for (const options of KEYED) {
    await expectRejection(
      world.plan(options),
      'KEY_NULL',
      /12 rows have no value in "id", by which rows are told apart; nothing was published\. Some of them: _rowid 7 \(id=null.*\); _rowid 8 /,
    );
    expect(world.seen.findLast(({ url }) => url.endsWith('/count_rows/'))?.body).toEqual({
      version: 5,
      predicate: '`id` IS NULL',
    });
  }
  await expect(readdir(world.staging.paths.root)).rejects.toThrow('ENOENT');
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
    expect(await world.plan(options)).toMatchObject({ unchanged: true });
    expect(await world.plan(options, { full: true })).toMatchObject({ unchanged: false });
    world.source.version = 6;
    expect(await world.plan(options)).toMatchObject({ unchanged: false });
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
    const files = await readdir(world.staging.paths.runs('documents'));
    Object.assign(world.source, { version: 6, types: { id: 'string', at: 'int64', name: 'int64' } });
    await expectRejection(
      world.plan(options),
      'SCHEMA_MISMATCH',
      /"id" is "long" in the lake and "string" at the source; "name" is "string" in the lake and "long" at the source.*destination_table/,
    );
    expect(world.seen.filter(({ url }) => url.endsWith('/query/'))).toEqual([]);
    expect(await readdir(world.staging.paths.runs('documents'))).toEqual(files);
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
    world.source.version = 4;
    const message =
      /The lake holds version 5 of "documents" already, and SCD_TYPE_\d cannot go back to version 4; .*destination_table/;
    await expectRejection(world.plan(options), 'CONFIG_INVALID', message);
    await expectRejection(world.plan(options, { full: true }), 'CONFIG_INVALID', message);
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
  const vector = (length: number) =>
    column('v', { type: 'fixed_size_list', length, fields: [column('item', 'float')] });
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
