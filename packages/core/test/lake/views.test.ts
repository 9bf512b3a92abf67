import { readdir, rm, writeFile } from 'node:fs/promises';
import * as arrow from 'apache-arrow';
import path from 'node:path';
import { expect } from 'vitest';
import { quoteText, withDuckDB, duckdbTypeOf, deltaField, type LakeMoment } from '@lance-offload/delta';
import { commitRun } from '../../src/commit/commit-run.ts';
import { openLake, type Staging } from '../../src/stage/staging.ts';
import type { RunPlan } from '../../src/plan/run-plan.ts';
import { refreshDatabase } from '../../src/lake/refresh-database.ts';
import { createViews } from '../../src/lake/views.ts';
import { column, float32, float64, rowIds } from '../../../lancedb/test/arrow-bodies.ts';
import { inFolder } from '../../../base/test/in-folder.ts';
import { HandMadeTable, schemaOf } from '../../../delta/test/hand-made-table.ts';
import { idsAndNames, planOf, stageRun, test } from '../lake-fixture.ts';
import { pathsOf } from '../paths-of.ts';

async function query(staging: Staging, sql: string): Promise<unknown[][]> {
  return withDuckDB({ file: pathsOf(staging).database }, async (connection) =>
    (await connection.runAndReadAll(sql)).getRowsJson(),
  );
}

const vectorOf = (item: arrow.Data) =>
  arrow.makeData({
    type: new arrow.FixedSizeList(2, new arrow.Field('item', item.type, true)),
    length: 1,
    nullCount: 0,
    child: item,
  });

const lance = (type: string) => ({ type: 'fixed_size_list', length: 2, fields: [column('item', type)] });

test('vectors are arrays of their length and of the source’s own precision', async ({ staging }) => {
  const plan = planOf({
    sourceRows: 1,
    columns: [column('f', lance('float')), column('d', lance('double'))],
  });
  await stageRun(plan, staging, (offset, count) => ({
    f: vectorOf(float32([0.5, 1])),
    d: vectorOf(float64([0.1, 1])),
    _rowid: rowIds(offset, count),
  }));
  await commitRun(plan, staging);
  const [row] = await query(
    staging,
    'SELECT typeof(f), typeof(d), d[1] = 0.1::DOUBLE, array_distance(f, [0.5, 1]::FLOAT[2]) FROM documents',
  );
  expect(row).toEqual(['FLOAT[2]', 'DOUBLE[2]', true, 0]);
});

/** A `?` is a test of its own: where it fails, DuckDB has not even a file. */
const ODD_NAMES = [
  ["id=7 [1-2]*'", 'a*b', '[x]', 'a b ', 'a#b', '50%41', '"q"', 'ü 日本', '{x,y}', 'new\nline', '~'].join(
    '/',
  ),
  'a?b',
  'a?access_mode=READ_ONLY',
  'back\\slash',
];

for (const name of ODD_NAMES)
  test(`a lake in a folder named ${JSON.stringify(name)} is merged into, read and verified like any other, by its views too`, async () => {
    await inFolder(async (folder) => {
      const staging = openLake(path.join(folder, name, 'lake'));
      const history: Partial<RunPlan> = { ingestionType: 'SCD_TYPE_2', primaryKeys: ['id'], rowsPerPage: 5 };
      const first = planOf({ ...history, sourceRows: 8 });
      await stageRun(first, staging);
      expect(await commitRun(first, staging)).toMatchObject({ verified: true, lakeRows: 8 });
      // The versions of the keys 0 to 3, which are gone, are closed by copies; 8 to 11 are new.
      const runId = 'documents-20261123T101500Z-7f3a';
      const second = planOf({ ...history, runId, sourceRows: 8, sourceVersion: 4, deletes: 'snapshot' });
      await stageRun(second, staging, (offset, count) => idsAndNames(offset + 4, count));
      expect(await commitRun(second, staging)).toMatchObject({ verified: true, lakeRows: 8 });
      expect(await query(staging, 'SELECT count(*)::INT, count("__END_AT")::INT FROM documents')).toEqual([
        [12, 4],
      ]);
      expect(await query(staging, 'SELECT sum(id)::INT FROM documents_current')).toEqual([[60]]);
      const entries = await readdir(path.join(folder, name, 'lake'));
      expect(entries.toSorted()).toEqual(['_offload', 'lake.duckdb', 'tables']);
    });
  });

for (const name of ['l*', 'l[x]']) {
  test(`a lake in a folder ${name} holds no rows of the folder that name would match as a pattern`, async () => {
    await inFolder(async (folder) => {
      const lakes = [name, 'lx'].map((lake) => openLake(path.join(folder, lake)));
      for (const staging of lakes) await stageRun(planOf(), staging);
      for (const staging of lakes) expect(await commitRun(planOf(), staging)).toMatchObject({ lakeRows: 25 });
      for (const staging of lakes) {
        expect(await query(staging, 'SELECT count(*)::INT FROM documents')).toEqual([[25]]);
      }
    });
  });
}

test('the database shows every published table, and none that is only staged', async ({ staging }) => {
  await stageRun(planOf(), staging);
  await commitRun(planOf(), staging);
  await stageRun(planOf({ destination: 'staged' }), staging);
  await refreshDatabase(staging);
  expect(await query(staging, 'SELECT view_name FROM duckdb_views() WHERE NOT internal')).toEqual([
    ['documents'],
  ]);
});

const ids = (from: number, count: number) => `SELECT range AS id FROM range(${from}, ${from + count})`;

/** A table of three versions, a day apart: ten rows; twenty; fourteen, by deletion vectors. */
async function threeVersions(staging: Staging, table: string): Promise<void> {
  const made = new HandMadeTable(staging.table(table));
  const [a, b] = [await made.file('data/a b.parquet', ids(0, 10)), await made.file('b.parquet', ids(10, 10))];
  await made.commit(Date.UTC(2026, 10, 20), { schema: schemaOf({ id: 'long' }), add: [a] });
  await made.commit(Date.UTC(2026, 10, 21), { add: [b] });
  const add = await made.without([
    [a, [0, 1, 2]],
    [b, [7, 8, 9]],
  ]);
  await made.commit(Date.UTC(2026, 10, 22), { remove: [a, b], add });
}

test('deleted rows are hidden, also from one who attaches the database, and the marks are in a schema of their own', async ({
  staging,
}) => {
  await threeVersions(staging, 'people');
  await threeVersions(staging, 'lance_offload'); // the name of that schema
  await refreshDatabase(staging);
  const counts = ['count(*)::INT, min(id)::INT, max(id)::INT', [14, 3, 16]] as const;
  expect(await query(staging, `SELECT ${counts[0]} FROM people`)).toEqual([counts[1]]);
  expect(await query(staging, `SELECT ${counts[0]} FROM "lance_offload"`)).toEqual([counts[1]]);
  await withDuckDB({}, async (connection) => {
    await connection.run(`ATTACH ${quoteText(pathsOf(staging).database)} AS lake (READ_ONLY)`);
    const attached = await connection.runAndReadAll(`SELECT ${counts[0]} FROM lake.people`);
    expect(attached.getRowsJson()).toEqual([counts[1]]);
  });
  expect(
    await query(
      staging,
      'SELECT schema_name, table_name FROM duckdb_tables() UNION ALL SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal ORDER BY ALL',
    ),
  ).toEqual([
    ['lance_offload', 'deleted_rows'],
    ['main', 'lance_offload'],
    ['main', 'people'],
  ]);
});

test('a lake without deleted rows has views and nothing else', async ({ staging }) => {
  await stageRun(planOf(), staging);
  await commitRun(planOf(), staging);
  expect(await query(staging, 'SELECT count(*)::INT FROM duckdb_tables()')).toEqual([[0]]);
  expect(await query(staging, "SELECT sql LIKE '%JOIN%' FROM duckdb_views() WHERE NOT internal")).toEqual([
    [false],
  ]);
});

test('the columns of a view are the table’s, in its types: whatever each file has, and whatever they are called', async ({
  staging,
}) => {
  const made = new HandMadeTable(staging.table('t'));
  const first = await made.file(
    'a.parquet',
    `SELECT 1::INTEGER AS file_row_number, 'x' AS filename, 0.5::FLOAT AS f, 9 AS _rowid`,
  );
  await made.commit(1, {
    schema: schemaOf({ file_row_number: 'integer', filename: 'string', f: 'float' }),
    add: [first],
  });
  const wide = { file_row_number: 'long', filename: 'string', f: 'double', new: 'date' };
  const second = await made.file(
    'b.parquet',
    `SELECT 5000000000 + range AS file_row_number, 'y' AS filename, 0.1::DOUBLE AS f, DATE '2026-11-22' AS new FROM range(3)`,
  );
  await made.commit(2, { schema: schemaOf(wide), add: await made.without([[second, [1]]]) });
  await refreshDatabase(staging);
  expect(await query(staging, 'SELECT * FROM t ORDER BY ALL')).toEqual([
    ['1', 'x', 0.5, null],
    ['5000000000', 'y', 0.1, '2026-11-22'],
    ['5000000002', 'y', 0.1, '2026-11-22'],
  ]);
  expect(await query(staging, 'SELECT column_name, column_type FROM (DESCRIBE t)')).toEqual([
    ['file_row_number', 'BIGINT'],
    ['filename', 'VARCHAR'],
    ['f', 'DOUBLE'],
    ['new', 'DATE'],
  ]);
});

test('a table that keeps its history has a view of its open rows, unless a table has that name', async ({
  staging,
}) => {
  const history = schemaOf({ id: 'long', __START_AT: 'timestamp', __END_AT: 'timestamp' });
  const select =
    "SELECT range AS id, TIMESTAMPTZ '2026-01-01 00:00:00Z' AS __START_AT, CASE WHEN range % 2 = 0 THEN TIMESTAMPTZ '2026-02-01 00:00:00Z' END AS __END_AT FROM range(10)";
  for (const name of ['people', 'my "p"', 'taken']) {
    const made = new HandMadeTable(staging.table(name));
    const file = await made.file('a.parquet', select);
    await made.commit(1, { schema: history, add: await made.without([[file, [1]]]) });
  }
  const other = new HandMadeTable(staging.table('Taken_Current'));
  await other.commit(1, {
    schema: schemaOf({ id: 'long' }),
    add: [await other.file('a.parquet', ids(0, 3))],
  });
  await refreshDatabase(staging);
  const counts = async (view: string) => query(staging, `SELECT count(*)::INT FROM "${view}"`);
  expect([await counts('people'), await counts('people_current')]).toEqual([[[9]], [[4]]]);
  expect([await counts('my ""p""_current'), await counts('taken_current')]).toEqual([[[4]], [[3]]]);
  expect(await query(staging, 'SELECT column_name FROM (DESCRIBE people_current)')).toEqual([
    ['id'],
    ['__START_AT'],
    ['__END_AT'],
  ]);
  await withDuckDB({}, async (connection) => {
    await connection.run(`ATTACH ${quoteText(pathsOf(staging).database)} AS lake (READ_ONLY)`);
    const attached = await connection.runAndReadAll('SELECT count(*)::INT FROM lake.people_current');
    expect(attached.getRowsJson()).toEqual([[4]]);
  });
});

test('a table all of whose files are gone has its columns and no rows', async ({ staging }) => {
  const made = new HandMadeTable(staging.table('t'));
  const file = await made.file('a.parquet', ids(0, 3));
  await made.commit(1, { schema: schemaOf({ id: 'long', __END_AT: 'long' }), add: [file] });
  await made.commit(2, { remove: [file] });
  await refreshDatabase(staging);
  expect(await query(staging, 'SELECT count(*)::INT, any_value(typeof(id)) FROM t_current')).toEqual([
    [0, null],
  ]);
});

/** How many rows each table has at a moment, and why it has none. */
async function countsAt(staging: Staging, at?: LakeMoment): Promise<Record<string, unknown>> {
  return withDuckDB({}, async (connection) => {
    const { versions, skipped } = await createViews(connection, staging, at);
    const counts: Record<string, unknown> = Object.fromEntries(
      skipped.map(({ table, error }) => [table, error.message]),
    );
    for (const table of versions.keys()) {
      const result = await connection.runAndReadAll(`SELECT count(*)::INT FROM "${table}"`);
      counts[table] = result.getRowsJson()[0]?.[0];
    }
    return counts;
  });
}

test('every table is read at a version, at a time, or some of them at versions of their own', async ({
  staging,
}) => {
  await threeVersions(staging, 'people');
  await threeVersions(staging, 'pets');
  expect(await countsAt(staging)).toEqual({ people: 14, pets: 14 });
  expect(await countsAt(staging, { version: 0 })).toEqual({ people: 10, pets: 10 });
  expect(await countsAt(staging, { versions: new Map([['pets', 1]]) })).toEqual({ people: 14, pets: 20 });
  expect(await countsAt(staging, { timestampMs: Date.UTC(2026, 10, 21) })).toEqual({ people: 20, pets: 20 });
  expect(await countsAt(staging, { timestampMs: Date.UTC(2026, 10, 21) - 1 })).toEqual({
    people: 10,
    pets: 10,
  });
});

test('a table without the version that is asked for is left out, with the versions it has', async ({
  staging,
}) => {
  await threeVersions(staging, 'people');
  const one = new HandMadeTable(staging.table('one'));
  await one.commit(Date.UTC(2026, 10, 21), { schema: schemaOf({ id: 'long' }), add: [] });
  expect(await countsAt(staging, { version: 2 })).toEqual({
    people: 14,
    one: '[LAKE_NOT_FOUND] Table "one" has no version 2; its versions are 0 (2026-11-21T00:00:00.000Z)',
  });
  const span = '0 (2026-11-20T00:00:00.000Z) to 2 (2026-11-22T00:00:00.000Z)';
  expect(
    await countsAt(staging, {
      versions: new Map([
        ['people', 3],
        ['absent', 0],
      ]),
    }),
  ).toEqual({
    one: 0,
    people: `[LAKE_NOT_FOUND] Table "people" has no version 3; its versions are ${span}`,
    absent: '[LAKE_NOT_FOUND] The lake has no published table "absent"',
  });
  expect(await countsAt(staging, { timestampMs: Date.UTC(2026, 10, 20) - 1 })).toMatchObject({
    people: `[LAKE_NOT_FOUND] Table "people" has nothing as of 2026-11-19T23:59:59.999Z; its versions are ${span}`,
  });
});

test('an older version is read though the latest needs a newer release', async ({ staging }) => {
  await threeVersions(staging, 'people');
  const log = path.join(pathsOf(staging).table('people'), '_delta_log', '00000000000000000003.json');
  await writeFile(log, '{"protocol":{"minReaderVersion":9,"minWriterVersion":9}}');
  expect(await countsAt(staging)).toEqual({ people: expect.stringContaining('[LAKE_TOO_NEW]') });
  expect(await countsAt(staging, { version: 2 })).toEqual({ people: 14 });
});

test('a table whose deletion vectors are lost is left out, and named', async ({ staging }) => {
  await threeVersions(staging, 'people');
  await threeVersions(staging, 'pets');
  const folder = pathsOf(staging).table('pets');
  for (const name of await readdir(folder)) if (name.endsWith('.bin')) await rm(path.join(folder, name));
  expect(await countsAt(staging)).toEqual({
    people: 14,
    pets: expect.stringMatching(/LAKE_UNAVAILABLE.*deletion_vector_/),
  });
});

test('each Delta type has its DuckDB type, nested ones too', () => {
  const struct = { type: 'struct', fields: [deltaField('a "b"', 'decimal(20,0)')] } as const;
  expect(
    duckdbTypeOf({
      type: 'map',
      keyType: 'string',
      valueType: { type: 'array', elementType: struct, containsNull: true },
      valueContainsNull: true,
    }),
  ).toBe('MAP(VARCHAR, STRUCT("a ""b""" DECIMAL(20,0))[])');
});
