import { Index } from '@lancedb/lancedb';
import type { Query, Table, VectorQuery } from '@lancedb/lancedb';
import { expect, test as base } from 'vitest';
import { DOCUMENT_ROWS, connectRemote, plainRows, tableFixtures, vectorOf } from './fixtures.ts';
import type { TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

/** Runs one query on the engine and through the server. */
async function bothAnswers(local: Table, remote: Table, build: (table: Table) => Query | VectorQuery) {
  const [expected, actual] = await Promise.all([build(local).toArray(), build(remote).toArray()]);
  return { expected: byQuery(plainRows(expected)), actual: byQuery(plainRows(actual)) };
}

/** Several query vectors' answers come in no fixed order. */
function byQuery(rows: Record<string, unknown>[]): Record<string, unknown>[] {
  return rows.toSorted((left, right) => Number(left['query_index'] ?? 0) - Number(right['query_index'] ?? 0));
}

test('the official client finds table names, schema, version and counts as the engine has them', async ({
  served,
  documents,
}) => {
  const db = await connectRemote(await served.serve());
  const remote = await db.openTable('documents');
  expect(await db.tableNames()).toEqual(['documents']);
  expect(await db.listTables()).toMatchObject({ tables: ['documents'] });
  expect(String(await remote.schema())).toBe(String(await documents.schema()));
  expect(await remote.version()).toBe(3);
  expect(await remote.countRows()).toBe(DOCUMENT_ROWS);
  expect(await remote.countRows('`group` = 3')).toBe(await documents.countRows('`group` = 3'));
});

const QUERIES: { name: string; rows: number; build: (table: Table) => Query | VectorQuery }[] = [
  { name: 'a whole table', rows: DOCUMENT_ROWS, build: (table) => table.query() },
  { name: 'a page', rows: 1500, build: (table) => table.query().offset(700).limit(1500) },
  { name: 'a page beyond the end', rows: 0, build: (table) => table.query().offset(99_999).limit(10) },
  { name: 'row ids', rows: 3, build: (table) => table.query().offset(999).limit(3).withRowId() },
  { name: 'columns', rows: 5, build: (table) => table.query().select(['title', 'id']).limit(5) },
  { name: 'expressions', rows: 5, build: (table) => table.query().select({ twice: 'id * 2' }).limit(5) },
  {
    name: 'a filter with offset and limit',
    rows: 20,
    build: (table) => table.query().where('`group` = 3').offset(300).limit(20),
  },
  { name: 'a filter nothing passes', rows: 0, build: (table) => table.query().where('id < 0') },
  {
    name: 'a take by row id',
    rows: 2,
    build: (table) => table.query().where('_rowid IN (5, 4294967300)').withRowId(),
  },
  {
    name: 'an order',
    rows: 5,
    build: (table) => table.query().orderBy({ columnName: 'id', ascending: false }).limit(5),
  },
  { name: 'a vector search', rows: 5, build: (table) => table.query().nearestTo(vectorOf(1234)).limit(5) },
  {
    name: 'a vector search with every option',
    rows: 3,
    build: (table) =>
      table
        .query()
        .nearestTo(vectorOf(17))
        .column('vector')
        .distanceType('cosine')
        .distanceRange(0.0001, 1.9)
        .nprobes(4)
        .ef(50)
        .refineFactor(2)
        .bypassVectorIndex()
        .where('`group` < 5')
        .withRowId()
        .offset(1)
        .limit(3),
  },
  {
    name: 'a filter after the search',
    rows: 2,
    build: (table) => table.query().nearestTo(vectorOf(8)).postfilter().where('id IN (8, 9)').limit(3000),
  },
  {
    name: 'two vectors at once',
    rows: 4,
    build: (table) => table.query().nearestTo(vectorOf(1)).addQueryVector(vectorOf(2)).limit(2),
  },
];

for (const { name, rows, build } of QUERIES) {
  test(`the official client is answered ${name} as the engine answers it`, async ({ served, documents }) => {
    const db = await connectRemote(await served.serve());
    const { expected, actual } = await bothAnswers(documents, await db.openTable('documents'), build);
    expect(actual).toEqual(expected);
    expect(actual).toHaveLength(rows);
  });
}

test('the official client reads an older version, and one that is not there is an error', async ({
  served,
  documents,
}) => {
  const db = await connectRemote(await served.serve());
  const remote = await db.openTable('documents');
  await remote.checkout(1);
  await documents.checkout(1);
  expect(await remote.version()).toBe(1);
  expect(await remote.countRows()).toBe(1000);
  const { expected, actual } = await bothAnswers(documents, remote, (table) => table.query().offset(990));
  expect(actual).toEqual(expected);
  expect(actual).toHaveLength(10);
  await expect(remote.checkout(99)).rejects.toThrow(/has no version 99/);
});

test('the official client lists versions, indices and stats as the engine has them', async ({
  served,
  documents,
}) => {
  await documents.createIndex('id', { config: Index.btree() });
  const db = await connectRemote(await served.serve());
  const remote = await db.openTable('documents');
  expect(await remote.listVersions()).toEqual(await documents.listVersions());
  expect(await remote.listIndices()).toMatchObject([
    { name: 'id_idx', columns: ['id'], indexType: 'BTree', numIndexedRows: DOCUMENT_ROWS },
  ]);
  expect(await remote.stats()).toEqual(await documents.stats());
});

test('the official client is given the plan of a query', async ({ served, documents }) => {
  const db = await connectRemote(await served.serve());
  const remote = await db.openTable('documents');
  const [actual, expected] = await Promise.all(
    [remote, documents].map((table) => table.query().where('id > 5').limit(7).explainPlan(true)),
  );
  expect(actual).toContain('LanceRead');
  expect(actual).toBe(expected);
});

test('the official client reads compressed batches', async ({ served, documents }) => {
  for (const compression of ['lz4', 'zstd'] as const) {
    const db = await connectRemote(await served.serve({ compression }));
    const remote = await db.openTable('documents');
    const { expected, actual } = await bothAnswers(documents, remote, (table) => table.query().withRowId());
    expect(actual).toEqual(expected);
  }
});
