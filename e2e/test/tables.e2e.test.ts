import type { RunReport } from '@lance-offload/core';
import { connect } from '@lancedb/lancedb';
import type { Schema } from 'apache-arrow';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { readFiles } from '../src/files.ts';
import { test } from '../src/fixtures.ts';
import { createTable, ITEM_SCHEMA, makeItems } from '../src/items.ts';
import { differences } from '../src/lake.ts';

interface Answer {
  readonly tables: readonly RunReport[];
}

test('a table with no rows becomes an empty Delta table with its columns', async ({ world }) => {
  await world.items('items', 0);
  const source = await world.serve();
  await world.worker();
  const { tables } = await world.ask<Answer>('run');
  expect(tables).toMatchObject([
    {
      table: 'items',
      state: 'published',
      verified: true,
      sourceRows: 0,
      lakeRows: 0,
      pages: 0,
      deltaVersion: 0,
    },
  ]);
  expect(await world.lake.rows('items')).toEqual([]);
  const columns = await world.lake.sql('SELECT column_name, column_type FROM (DESCRIBE items)');
  expect(columns).toEqual([
    { column_name: 'id', column_type: 'INTEGER' },
    { column_name: 'title', column_type: 'VARCHAR' },
    { column_name: 'note', column_type: 'VARCHAR' },
    { column_name: 'price', column_type: 'DOUBLE' },
    { column_name: 'vector', column_type: 'FLOAT[8]' },
    { column_name: '_run_id', column_type: 'VARCHAR' },
    { column_name: '_offloaded_at', column_type: 'TIMESTAMP WITH TIME ZONE' },
    { column_name: '_row_hash', column_type: 'BIGINT' },
  ]);
  expect(source.queries('items')).toEqual([]);
});

test('a table with no vector is offloaded as any other', async ({ world }) => {
  const schema: Schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('name', new arrow.Utf8(), true),
  ]);
  const people = Array.from({ length: 250 }, (_, id) => ({ id, name: `person ${id}` }));
  await createTable(world.uri, 'people', people, schema);
  await world.serve({ tables: { people: { batch_size: 100 } } });
  await world.worker();
  const { tables } = await world.ask<Answer>('run');
  expect(tables).toMatchObject([
    { table: 'people', state: 'published', verified: true, lakeRows: 250, pages: 3 },
  ]);
  expect(differences(await world.lake.rows('people'), people)).toEqual([]);
});

test('a column with several vectors in a row is read by a scan, lists that are empty or missing too, and is not searched', async ({
  world,
}) => {
  const vector = new arrow.FixedSizeList(3, new arrow.Field('item', new arrow.Float32(), true));
  const schema: Schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('tokens', new arrow.List(new arrow.Field('item', vector, true)), true),
  ]);
  const tokens = [
    [[1, 2, 3]],
    [],
    null,
    [
      [0.5, -1, 0],
      [4, 5, 6],
    ],
  ];
  const rows = tokens.map((vectors, id) => ({ id, tokens: vectors }));
  await createTable(world.uri, 'passages', rows, schema);
  const source = await world.serve();
  await world.worker();
  const { tables } = await world.ask<Answer>('run');
  expect(tables).toMatchObject([{ state: 'published', verified: true, lakeRows: 4 }]);
  expect(await world.lake.rows('passages')).toEqual(rows);

  await world.configure(source.url, {
    tables: { passages: { query_vector: [1, 2, 3], vector_column: 'tokens' } },
  });
  const { code, err } = await world.offload('plan');
  expect(code).toBe(78);
  expect(err).toContain('"tokens" is list<fixed_size_list<float>[3]>, and a search needs a fixed-size list');
});

/** What clients call a table, and what the engine, which holds only letters, digits, `_`, `-` and `.`, calls it. */
const ODD_NAMES = new Map([
  ['with two spaces', 'spaces'],
  ['v1.2.dots', 'v1.2.dots'],
  ['team$documents', 'dollar'],
  ['docs/2026/q3', 'slash'],
  ['../outside', 'outside'],
  ['größte Straße 東京 🚉', 'letters'],
  ['it\'s "quoted" 100%', 'quotes'],
  ['back`quoted` \\ name', 'ticks'],
  ['select', 'select'],
  ['a, b; drop table c --', 'statement'],
]);

test('tables with spaces, dots, $, slashes, quotes of all kinds, words of SQL and letters of any script in their names are offloaded and can be queried', async ({
  world,
}) => {
  const rows = await Promise.all([...ODD_NAMES.values()].map((name, index) => world.items(name, 20 + index)));
  await world.serve({}, {}, ODD_NAMES);
  await world.worker();
  const { tables } = await world.ask<Answer>('run');
  const names = [...ODD_NAMES.keys()];
  expect(tables.map(({ table, state, verified }) => ({ table, state, verified }))).toEqual(
    names.map((table) => ({ table, state: 'published', verified: true })),
  );
  expect(await world.lake.tables()).toEqual(names.toSorted());
  for (const [index, name] of names.entries()) {
    const quoted = name.replaceAll('"', '""');
    expect(differences(await world.lake.rows(quoted), rows[index] ?? [])).toEqual([]);
  }
  const answer = await world.ask<object>(
    'query',
    'SELECT count(*) AS n, max(title) AS last FROM "docs/2026/q3" WHERE id >= 20',
  );
  expect(answer).toEqual([{ n: '3', last: 'item 22, «größte» ☂' }]);
  const elsewhere = [...(await readFiles(world.folder)).keys()].filter(
    (file) => !/^(lancedb\/|lake\/|offload\.yaml$)/.test(file),
  );
  expect(elsewhere).toEqual([]);
});

test('a table in a namespace is offloaded by its joined name, and one that is not there is named', async ({
  world,
}) => {
  const rows = makeItems(40);
  const db = await connect(world.uri);
  await db.createNamespace(['team']);
  await db.createNamespace(['team', 'docs']);
  for (const namespace of [['team'], ['team', 'docs']]) {
    const table = await db.createTable(
      'notes',
      rows.map((row) => ({ ...row })),
      namespace,
      { schema: ITEM_SCHEMA },
    );
    table.close();
  }
  db.close();
  await world.items('notes', 3);
  const joined = ['team$notes', 'team$docs$notes'];
  await world.serve({ tables: Object.fromEntries(joined.map((name) => [name, { batch_size: 15 }])) });
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  expect(await world.lake.tables()).toEqual(joined.toSorted());
  for (const name of joined) expect(differences(await world.lake.rows(name), rows)).toEqual([]);
  expect((await world.offload('verify')).code).toBe(0);

  const { code, err } = await world.offload('run', 'team$nots', 'notes');
  expect(code).toBe(1);
  expect(err).toContain('[SOURCE_NOT_FOUND]');
  expect(err).toContain('has no table "team$nots"');
});
