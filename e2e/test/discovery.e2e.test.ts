import { connect } from '@lancedb/lancedb';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { sized } from '../src/soak.ts';

interface Listed {
  readonly name: string;
  readonly version?: number;
  readonly rows?: number;
  readonly bytes?: number;
  readonly error?: { readonly code: string; readonly message: string };
}

interface Planned {
  readonly table: string;
  readonly sourceRows: number;
}

/** Far more than are under way at once, and more than one listing has. */
const MANY = sized(200, 1000);
/**
 * Eight tables are under way at once. A connection is free for the next request a moment after its answer is read, so
 * a pool may hold as many again; what counts is that it does not grow with the number of tables.
 */
const MOST_SOCKETS = 20;

const nameOf = (index: number): string => `t${String(index).padStart(4, '0')}`;

async function createManyTables(uri: string): Promise<string[]> {
  const names = Array.from({ length: MANY }, (_, index) => nameOf(index));
  const db = await connect(uri);
  for (const [id, name] of names.entries()) (await db.createTable(name, [{ id }])).close();
  db.close();
  return names;
}

test('hundreds of tables are listed and planned through a few connections that are used again', async ({
  world,
}) => {
  const names = await createManyTables(world.uri);
  const source = await world.serve();

  const listed = await world.ask<Listed[]>('tables');
  expect(listed.map(({ name }) => name)).toEqual(names);
  expect(listed.every(({ version, rows, error }) => version === 1 && rows === 1 && !error)).toBe(true);
  expect(source.requests.filter(({ operation }) => operation === 'list')).toHaveLength(MANY / 100);
  expect(source.sockets.mostAtOnce).toBeLessThanOrEqual(MOST_SOCKETS);

  const planned = await world.ask<Planned[]>('plan');
  expect(planned.map(({ table }) => table)).toEqual(names);
  expect(planned.every(({ sourceRows }) => sourceRows === 1)).toBe(true);
  expect(source.sockets.mostAtOnce).toBeLessThanOrEqual(MOST_SOCKETS);
  // Thousands of requests, all by two processes.
  expect(source.requests.length).toBeGreaterThan(6 * MANY);
  expect(source.sockets.opened).toBeLessThanOrEqual(2 * MOST_SOCKETS);
});

test('hundreds of runs are started and planned through a few connections', async ({ world }) => {
  await createManyTables(world.uri);
  const source = await world.serve();
  const { tables } = await world.ask<{ tables: { state: string; sourceRows: number }[] }>('run', '--detach');
  expect(tables).toHaveLength(MANY);
  expect(tables.every(({ state, sourceRows }) => state === 'staging' && sourceRows === 1)).toBe(true);
  expect(source.sockets.mostAtOnce).toBeLessThanOrEqual(MOST_SOCKETS);
});

test('a run of named tables describes these and no other', async ({ world }) => {
  for (const name of ['docs_a', 'docs_b', 'people']) await world.items(name, 3);
  const source = await world.serve({ exclude: 'docs_a' });
  await world.worker();
  const { tables } = await world.ask<{ tables: { table: string; state: string }[] }>(
    'run',
    'docs_*',
    'people',
  );
  expect(tables).toMatchObject([
    { table: 'docs_b', state: 'published' },
    { table: 'people', state: 'published' },
  ]);
  const touched = source.requests.flatMap(({ table }) => table ?? []);
  expect([...new Set(touched)].toSorted()).toEqual(['docs_b', 'people']);

  expect(await world.ask('schema', 'docs_*')).toMatchObject({ table: 'docs_b' });
  expect(await world.ask('verify', '*')).toMatchObject({ agrees: true });
  const several = await world.offload('schema', '*');
  expect(several).toMatchObject({
    code: 78,
    err: expect.stringContaining('matches several tables (docs_b, people)'),
  });

  const wrong = await world.offload('run', 'logs_*');
  expect(wrong.code).toBe(1);
  expect(wrong.err).toContain('matches "logs_*" (it has 3, such as "docs_a", "docs_b", "people")');
});

test('tables shows rows, version, size, vectors with dimensions and indexes; one that fails is named and hides no other', async ({
  world,
}) => {
  await world.items('documents', 300);
  await editTable(world.uri, 'documents', (table) => table.createIndex('id'));
  await world.items('broken', 1);
  await world.items('empty', 0);
  const source = await world.serve();
  const refusal = source.refuse(
    ({ table, operation }) => table === 'broken' && operation === 'describe',
    400,
    'Bad request: its manifest is damaged',
  );
  const { code, out } = await world.offload('tables', '--json');
  expect(code).toBe(1);
  const vectors = [{ column: 'vector', type: 'fixed_size_list<float>[8]', dimensions: 8 }];
  expect(JSON.parse(out)).toEqual([
    {
      name: 'broken',
      error: expect.objectContaining({
        code: 'SOURCE_REJECTED',
        message: expect.stringContaining('its manifest is damaged'),
      }),
    },
    {
      name: 'documents',
      version: 2,
      rows: 300,
      bytes: expect.any(Number),
      columns: 5,
      vectors,
      indexes: [{ name: 'id_idx', type: 'BTree', columns: ['id'] }],
    },
    { name: 'empty', version: 1, rows: 0, bytes: expect.any(Number), columns: 5, vectors, indexes: [] },
  ]);
  const text = await world.offload('tables');
  expect(text.code).toBe(1);
  expect(text.out).toContain('id_idx (BTree: id)');
  expect(text.out).toContain('broken: [SOURCE_REJECTED]');

  refusal.heal();
  expect((await world.offload('tables')).code).toBe(0);
  expect((await world.offload('tables', 'd*', '--json')).out).toContain('"documents"');
});

test('plan names the tables that cannot be planned, and shows the plans of the others', async ({ world }) => {
  await world.items('documents', 30);
  await world.items('people', 20);
  await world.serve({ tables: { documents: { columns: ['nothing'] }, people: {} } });
  const { code, out } = await world.offload('plan', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject([
    { table: 'documents', error: { code: 'CONFIG_INVALID' } },
    { table: 'people', sourceRows: 20 },
  ]);
  const alone = await world.offload('plan', 'documents');
  expect(alone).toMatchObject({ code: 78, out: '' });
});
