import { connect } from '@lancedb/lancedb';
import type { RunReport } from '@lance-offload/core';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { test } from '../src/fixtures.ts';

const BLOB = new arrow.Struct([
  new arrow.Field('data', new arrow.LargeBinary(), true),
  new arrow.Field('uri', new arrow.Utf8(), true),
]);
const extension = (name: string) => new Map([['ARROW:extension:name', name]]);

/** A table with a blob (v2), a JSON column, and a UUID, as LanceDB stores them. */
async function createDocuments(uri: string): Promise<void> {
  const schema = new arrow.Schema([
    new arrow.Field('id', new arrow.Int32(), true),
    new arrow.Field('photo', BLOB, true, extension('lance.blob.v2')),
    new arrow.Field('facts', new arrow.Utf8(), true, extension('arrow.json')),
    new arrow.Field('uuid', new arrow.FixedSizeBinary(16), true, extension('arrow.uuid')),
  ]);
  const photos = [{ data: Uint8Array.of(1, 2, 3), uri: null }, { data: new Uint8Array(0), uri: null }, null];
  const uuids = [1, 2, 3].map((byte) => new Uint8Array(16).fill(byte));
  const rows = new arrow.Table(schema, {
    id: arrow.vectorFromArray([1, 2, 3], new arrow.Int32()),
    photo: arrow.vectorFromArray(photos, BLOB),
    facts: arrow.vectorFromArray(['{"a":1}', '[]', null], new arrow.Utf8()),
    uuid: arrow.vectorFromArray(uuids, new arrow.FixedSizeBinary(16)),
  });
  const db = await connect(uri);
  (await db.createTable('documents', rows)).close();
  db.close();
}

test('blobs and JSON of LanceDB are refused before a page is enqueued, and the rest is offloaded without them', async ({
  world,
}) => {
  await createDocuments(world.uri);
  const source = await world.serve();
  const blob = await world.offload('run');
  expect(blob.code).toBe(1);
  expect(blob.out).toMatch(
    /\[TYPE_UNSUPPORTED\] Column "photo" .* is a blob column, .* leave it out with columns/,
  );

  await world.configure(source.url, { tables: { documents: { binary_columns: 'drop' } } });
  const dropped = await world.offload('plan');
  expect(dropped.out + dropped.err).toContain('column "photo" left out: binary');

  await world.configure(source.url, { tables: { documents: { columns: ['id', 'facts'] } } });
  const json = await world.offload('run');
  expect([json.code, json.out]).toEqual([
    1,
    expect.stringMatching(
      /Column "facts" of table "documents" has type lance\.json, which the lake cannot hold/,
    ),
  ]);
  expect(source.queries('documents')).toEqual([]);

  await world.configure(source.url, { tables: { documents: { columns: ['id', 'uuid'] } } });
  await world.worker();
  const { tables } = await world.ask<{ tables: RunReport[] }>('run');
  expect(tables).toMatchObject([{ verified: true, lakeRows: 3 }]);
  const rows = await world.lake.sql('SELECT id, hex(uuid) AS uuid FROM documents ORDER BY id');
  expect(rows).toEqual([1, 2, 3].map((id) => ({ id, uuid: `0${id}`.repeat(16) })));
});
