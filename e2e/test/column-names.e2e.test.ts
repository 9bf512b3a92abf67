import type { Schema } from 'apache-arrow';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { createTable } from '../src/items.ts';
import { differences } from '../src/lake.ts';
import { offloadEach } from '../src/search-runs.ts';
import type { World } from '../src/world.ts';

const KEY = 'Order Id';
const CURSOR = '変更 at';
const SEQUENCE = 'select';
const VECTOR = 'Vektor "größte"';
/**
 * Names of SQL, of Arrow paths, of shells and of other scripts. The engine (0.39) makes no column with a dot in its name,
 * and cannot read one with a back-quote.
 */
const NAMES = [
  KEY,
  CURSOR,
  SEQUENCE,
  "it's",
  'say "hi"',
  'größe',
  'a$b',
  '100%',
  'ORDER',
  'null',
  'a;b, (c)',
  '$',
  '[0]',
  'x/y\\z',
];
type Row = Readonly<Record<string, unknown>>;

const SCHEMA: Schema = new arrow.Schema([
  ...NAMES.map((name) => new arrow.Field(name, new arrow.Int32(), true)),
  new arrow.Field(
    VECTOR,
    new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Float32(), true)),
    true,
  ),
]);

function makeRows(count: number): Row[] {
  return Array.from({ length: count }, (_, id) => ({
    ...Object.fromEntries(NAMES.map((name, index) => [name, id * (index + 1)])),
    [VECTOR]: [id, 0],
  }));
}

function pick(row: Row, names: readonly string[]): Row {
  return Object.fromEntries(NAMES.filter((name) => names.includes(name)).map((name) => [name, row[name]]));
}

const create = (world: World, rows: readonly Row[]) => createTable(world.uri, 'odd', rows, SCHEMA);

test('columns of any name are scanned, and chosen, and searched', async ({ world }) => {
  const rows = makeRows(120);
  await create(world, rows);
  const chosen = [KEY, 'a;b, (c)', "it's", '$'];
  const runs = {
    all: { batch_size: 50 },
    some: { columns: JSON.stringify(chosen) },
    near: { query_vector: [-1, 0], batch_size: 5, vector_column: VECTOR, columns: [KEY, 'größe'] },
  };
  const { all, some, near } = await offloadEach(world, 'odd', runs, KEY);
  expect(differences(all.rows, rows)).toEqual([]);
  expect(
    differences(
      some.rows,
      rows.map((row) => pick(row, chosen)),
    ),
  ).toEqual([]);
  expect(near.rows).toEqual(
    rows.slice(0, 5).map((row, id) => ({ ...pick(row, [KEY, 'größe']), _distance: (id + 1) ** 2 })),
  );
});

test('a filter is passed on byte for byte, to count the rows and to list them', async ({ world }) => {
  await create(world, makeRows(120));
  const named = NAMES.map((name, index) => `\`${name}\` >= ${10 * (index + 1)}`).join('\n\tAND ');
  const filter = `  ${named} AND 'it''s "größe" \`\\ ☂' <> ''  -- and a comment `;
  const source = await world.serve({ tables: { odd: { filter_expression: filter, batch_size: 60 } } });
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  expect(await world.lake.rows('odd', KEY)).toHaveLength(110);
  const page = { filter: expect.stringMatching(/^_rowid IN \([\d,]+\)$/) as unknown };
  expect(source.queries('odd').map(({ body }) => body)).toMatchObject([{ filter }, page, page]);
  const counts = source.requests.filter(({ operation }) => operation === 'count_rows');
  expect(counts.map(({ body }) => body)).toEqual([{ version: 1, predicate: filter }]);
});

/** A struct of two numbers by these names. */
function pairSchema(first: string, second: string): Schema {
  const int32 = new arrow.Int32();
  const pair = new arrow.Struct([first, second].map((name) => new arrow.Field(name, int32, true)));
  return new arrow.Schema([new arrow.Field('id', int32, true), new arrow.Field('s', pair, true)]);
}

test('structs with names that readers take for one, or cannot open, are refused before a page is enqueued', async ({
  world,
}) => {
  const tables = {
    twins: ['a', 'A'],
    umlaut: ['é', 'É'],
    kelvin: ['k', '\u212a'],
    blank: ['', 'b'],
  } as const;
  for (const [name, [first, second]] of Object.entries(tables))
    await createTable(
      world.uri,
      name,
      [{ id: 1, s: { [first]: 1, [second]: 2 } }],
      pairSchema(first, second),
    );
  const source = await world.serve();
  await world.worker();
  const { code, out } = await world.offload('run');
  expect(code).toBe(1);
  expect(out.match(/\[SCHEMA_MISMATCH\] Column "s"/g)).toHaveLength(4);
  expect(out).toContain('"s.a" and "s.A" differ in case only');
  expect(out).toContain('"s"."" is an empty name');
  expect(out).toContain('leave the column out with columns: ["id"]');
  expect(await world.lake.tables()).toEqual([]);
  expect(Object.keys(tables).flatMap((name) => source.queries(name))).toEqual([]);
  // Nothing is left open: without the column the same tables are published.
  const columns = Object.fromEntries(Object.keys(tables).map((name) => [name, { columns: ['id'] }]));
  await world.configure(source.url, { tables: columns });
  expect((await world.offload('run')).code).toBe(0);
  expect((await world.lake.tables()).toSorted()).toEqual(Object.keys(tables).toSorted());
});

for (const mode of ['SCD_TYPE_1', 'SCD_TYPE_2']) {
  test(`keys, cursor and sequence of any name: ${mode} runs go on from one another, find what is gone, and verify agrees`, async ({
    world,
  }) => {
    const rows = makeRows(60);
    await create(world, rows);
    const scd = { ingestion_type: mode, primary_keys: [KEY, 'größe'], batch_size: 25 };
    const incremental = { ...scd, cursor_field: CURSOR };
    const names = new Map(['complete', 'incremental'].map((name) => [name, 'odd']));
    await world.serve({ tables: { complete: { ...scd, sequence_by: SEQUENCE }, incremental } }, {}, names);
    await world.worker();
    expect((await world.offload('run')).code).toBe(0);
    const changed = { ...rows[7], [CURSOR]: 1000, [SEQUENCE]: 1000, größe: -1 };
    await editTable(world.uri, 'odd', async (table) => {
      await table.delete(`\`${KEY}\` IN (7, 20)`);
      await table.add([changed]);
    });
    expect((await world.offload('run', '--sweep-deletes')).code).toBe(0);
    const expected = rows.flatMap((row, id) => (id === 20 ? [] : [id === 7 ? changed : row]));
    for (const table of names.keys()) {
      const current = mode === 'SCD_TYPE_2' ? `${table}_current` : table;
      const columns = [...NAMES, VECTOR].map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
      const found = await world.lake.sql(`SELECT ${columns} FROM "${current}" ORDER BY "${KEY}"`);
      expect(differences(found, expected)).toEqual([]);
    }
    expect((await world.offload('verify')).code).toBe(0);
  });
}
