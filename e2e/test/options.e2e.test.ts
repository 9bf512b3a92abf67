import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { createTable } from '../src/items.ts';
import { differences } from '../src/lake.ts';
import { offloadEach } from '../src/search-runs.ts';

const numbersFrom = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => from + index);

test('columns, filter_expression, offset, with_row_id and batch_size shape a scan, as values or as strings of JSON', async ({
  world,
}) => {
  await world.items('items', 250);
  const { values, texts } = await offloadEach(world, 'items', {
    values: {
      columns: ['id', 'price'],
      filter_expression: 'id >= 100',
      offset: 20,
      with_row_id: true,
      batch_size: 40,
    },
    texts: { columns: '["title", "id"]', offset: '245', with_row_id: 'false', batch_size: '3' },
  });
  expect(values.ids).toEqual(numbersFrom(120, 250));
  expect(Object.keys(values.rows[0] ?? {})).toEqual(['id', 'price', '_rowid']);
  expect(values.report).toMatchObject({ pages: 4, requests: 4, verified: true });
  const [listing, ...pages] = values.queries;
  expect(listing).toMatchObject({ vector: [], columns: ['_rowid'], filter: 'id >= 100', offset: 0 });
  const filter: unknown = expect.stringMatching(/^_rowid IN \(\d+(,\d+)*\)$/);
  const page = { vector: [], columns: ['id', 'price'], filter };
  expect(pages).toMatchObject([page, page, page, page]);
  expect(texts.ids).toEqual(numbersFrom(245, 250));
  expect(Object.keys(texts.rows[0] ?? {})).toEqual(['id', 'title']);
  expect(texts.report.pages).toBe(2);
});

test('use_full_scan reads every row without a dummy vector, rows that have no vector too', async ({
  world,
}) => {
  const rows = await world.items('items', 30);
  const bare = { id: 30, title: 't', note: null, price: 1, vector: null };
  await editTable(world.uri, 'items', (table) => table.add([bare]));
  const { scanned } = await offloadEach(world, 'items', { scanned: { use_full_scan: 'true' } });
  expect(differences(scanned.rows, [...rows, bare])).toEqual([]);
  expect(scanned.queries).toMatchObject([{ vector: [] }]);
});

test('destination_table and ingestion_type: the rows go where, and how, the table says', async ({
  world,
}) => {
  await world.items('items', 10);
  const source = await world.serve({
    ingestion_type: 'SCD_TYPE_2',
    tables: { items: { destination_table: 'elsewhere', ingestion_type: 'scd_type_1', primary_keys: 'id' } },
  });
  await world.worker();
  for (const expected of [10, 9]) {
    expect((await world.offload('run')).code).toBe(0);
    expect(await world.lake.rows('elsewhere')).toHaveLength(expected);
    await editTable(world.uri, 'items', (table) => table.delete('id = 3'));
  }
  expect(await world.lake.tables()).toEqual(['elsewhere']);
  expect(source.queries('items').length).toBeGreaterThan(0);
});

test('primary_keys and sequence_by: of the rows of a key the one with the greatest sequence counts', async ({
  world,
}) => {
  const rows = [3, 1, 2].flatMap((price) =>
    [1, 2].map((id) => ({ id, title: `at ${price}`, note: null, price, vector: null })),
  );
  await createTable(world.uri, 'items', rows);
  const scd = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], columns: ['id', 'title', 'price'] };
  const { greatest } = await offloadEach(world, 'items', { greatest: { ...scd, sequence_by: 'price' } });
  expect(greatest.rows).toEqual([1, 2].map((id) => ({ id, title: 'at 3', price: 3 })));
});

test('detect_deletes: keys that are gone stay in the lake where it is false, and are deleted where it is not', async ({
  world,
}) => {
  await world.items('items', 10);
  const scd = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] };
  const names = new Map(['kept', 'gone'].map((name) => [name, 'items']));
  await world.serve({ tables: { kept: { ...scd, detect_deletes: false }, gone: scd } }, {}, names);
  await world.worker();
  await world.offload('run');
  await editTable(world.uri, 'items', (table) => table.delete('id = 3'));
  await world.offload('run');
  expect([await world.lake.rows('kept'), await world.lake.rows('gone')].map((rows) => rows.length)).toEqual([
    10, 9,
  ]);
});

test('binary_columns: kept, left out of the request, or a reason to refuse the table', async ({ world }) => {
  const schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('blob', new arrow.Binary(), true),
  ]);
  await createTable(world.uri, 'blobs', [{ id: 1, blob: Buffer.from('bytes') }], schema);
  const { kept, dropped } = await offloadEach(world, 'blobs', {
    kept: { binary_columns: 'keep', ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] },
    dropped: { binary_columns: 'drop' },
  });
  expect(Object.keys(kept.rows[0] ?? {})).toEqual(['id', 'blob']);
  expect(Object.keys(dropped.rows[0] ?? {})).toEqual(['id']);
  expect(dropped.queries).toMatchObject([{ columns: ['id'] }]);
  await world.serve({ tables: { blobs: { binary_columns: 'error' } } });
  expect(await world.offload('plan')).toMatchObject({
    code: 78,
    err: expect.stringContaining('binary_columns is "error" and table "blobs" has binary columns: "blob"'),
  });
});
