import { tableFromIPC } from 'apache-arrow';
import { expect, test as base } from 'vitest';
import { API_KEY, DOCUMENT_ROWS, tableFixtures, vectorOf, post } from './fixtures.ts';
import type { TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

const SCAN = { k: 10, vector: [], prefilter: true };
const QUERY = '/v1/table/documents/query/';

async function rowsOf(response: Response): Promise<number> {
  expect(response.status).toBe(200);
  return tableFromIPC(await response.arrayBuffer()).numRows;
}

test('names are listed ten at a time unless a limit is given, and the token leads on', async ({ served }) => {
  const names = Array.from({ length: 23 }, (_, index) => `table-${String(index).padStart(2, '0')}`);
  for (const name of names) await served.embedded.createTable(name, [{ id: 1 }]);
  const server = await served.serve();
  const list = async (query: string): Promise<{ tables: string[]; page_token?: string }> => {
    const response = await fetch(`${server.url}/v1/table/${query}`, { headers: { 'x-api-key': API_KEY } });
    return JSON.parse(await response.text());
  };
  expect(await list('')).toEqual({ tables: names.slice(0, 10), page_token: 'table-09' });
  expect(await list('?page_token=table-09')).toEqual({ tables: names.slice(10, 20), page_token: 'table-19' });
  expect(await list('?page_token=table-19')).toEqual({ tables: names.slice(20) });
  expect(await list('?limit=23')).toEqual({ tables: names });
});

test('describe gives the version and the schema', async ({ served, documents }) => {
  const server = await served.serve();
  const response = await post(server, '/v1/table/documents/describe/', { version: 2 });
  expect(await response.json()).toMatchObject({
    table: documents.name,
    version: 2,
    schema: {
      fields: [{ name: 'id', nullable: true, type: { type: 'double' } }, {}, {}, { name: 'vector' }],
    },
  });
});

test('a count is a bare number, and says its version', async ({ served, documents }) => {
  const server = await served.serve();
  const response = await post(server, '/v1/table/documents/count_rows', {
    predicate: 'id < 10',
    version: null,
  });
  expect(await response.text()).toBe('10');
  expect(response.headers.get('x-lancedb-version')).toBe(String(await documents.version()));
});

test('an answer is an Arrow file, and a stream for a client that asks for one', async ({
  served,
  documents,
}) => {
  const server = await served.serve();
  const columns = (await documents.schema()).names;
  for (const format of ['file', 'stream'] as const) {
    const mediaType = `application/vnd.apache.arrow.${format}`;
    const headers = format === 'stream' ? { accept: mediaType } : undefined;
    const response = await post(server, QUERY, { ...SCAN, k: 2500 }, headers);
    expect(response.headers.get('content-type')).toBe(mediaType);
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(new TextDecoder('latin1').decode(bytes.subarray(0, 6)) === 'ARROW1').toBe(format === 'file');
    expect(tableFromIPC(bytes).numRows).toBe(2500);

    const empty = await post(server, QUERY, { ...SCAN, filter: 'id < 0' }, headers);
    expect(tableFromIPC(await empty.arrayBuffer()).schema.names).toEqual(columns);
  }
});

const BODIES: { name: string; rows: number; body: object }[] = [
  {
    name: 'a limit of 2^63 - 1, which old clients send',
    rows: DOCUMENT_ROWS,
    body: { k: 2 ** 63, vector: [] },
  },
  { name: 'no vector at all', rows: 5, body: { k: 5 } },
  { name: 'a list of numbers', rows: 5, body: { k: 5, vector: vectorOf(1) } },
  { name: 'a single_vector', rows: 5, body: { k: 5, vector: { single_vector: vectorOf(1) } } },
  { name: 'a multi_vector', rows: 10, body: { k: 5, vector: { multi_vector: [vectorOf(1), vectorOf(2)] } } },
  { name: 'a list of vectors', rows: 10, body: { k: 5, vector: [vectorOf(1), vectorOf(2)] } },
  { name: 'columns by name', rows: 5, body: { ...SCAN, k: 5, columns: ['id'] } },
  { name: 'column_names', rows: 5, body: { ...SCAN, k: 5, columns: { column_names: ['id'] } } },
  { name: 'columns by expression', rows: 5, body: { ...SCAN, k: 5, columns: { twice: 'id * 2' } } },
  {
    name: 'nulls for what is not set',
    rows: 5,
    body: { k: 5, vector: [], filter: null, offset: null, ef: null },
  },
  { name: 'keys it does not know', rows: 5, body: { k: 5, vector: [], use_lsm: false } },
];

for (const { name, rows, body } of BODIES) {
  test(`a query is understood with ${name}`, async ({ served, documents }) => {
    const server = await served.serve();
    expect(documents.name).toBe('documents');
    expect(await rowsOf(await post(server, QUERY, body))).toBe(rows);
  });
}

const ERRORS: { name: string; path: string; body: unknown; status: number; says: RegExp }[] = [
  {
    name: 'an unknown table',
    path: '/v1/table/nope/describe/',
    body: {},
    status: 404,
    says: /^Not found: Table 'nope'/,
  },
  { name: 'a name no table can have', path: '/v1/table/a%2Fb/query/', body: SCAN, status: 404, says: /a\/b/ },
  {
    name: 'an unknown namespace',
    path: '/v1/table/ns$t/query/',
    body: SCAN,
    status: 404,
    says: /^Not found/,
  },
  {
    name: 'an unknown version',
    path: QUERY,
    body: { ...SCAN, version: 99 },
    status: 404,
    says: /^Not found: Table 'documents' has no version 99$/,
  },
  { name: 'a missing k', path: QUERY, body: { vector: [] }, status: 400, says: /k: is required/ },
  {
    name: 'every problem at once',
    path: QUERY,
    body: { k: -1, vector: 'x', offset: 1.5 },
    status: 400,
    says: /k: .*; vector: .*; offset: /,
  },
  { name: 'a body that is no JSON', path: QUERY, body: '{"k":', status: 400, says: /JSON/ },
  {
    name: 'a filter with a syntax error',
    path: QUERY,
    body: { ...SCAN, filter: 'id ===' },
    status: 400,
    says: /pars/,
  },
  {
    name: 'a filter on an unknown column',
    path: QUERY,
    body: { ...SCAN, filter: 'nope = 1' },
    status: 400,
    says: /No field named nope/,
  },
  {
    name: 'a filter that fails on the data',
    path: QUERY,
    body: { ...SCAN, filter: 'cast(title as int) > 1' },
    status: 400,
    says: /Cannot cast/,
  },
  {
    name: 'an unknown column',
    path: QUERY,
    body: { ...SCAN, columns: ['nope'] },
    status: 400,
    says: /No field named/,
  },
  {
    name: 'a vector of another length',
    path: QUERY,
    body: { k: 1, vector: [1, 2] },
    status: 400,
    says: /dimension/,
  },
  {
    name: 'a column that is no vector',
    path: QUERY,
    body: { k: 1, vector: [1, 2], vector_column: 'title' },
    status: 400,
    says: /not a vector/,
  },
  {
    name: 'probes the wrong way round',
    path: QUERY,
    body: { k: 1, vector: vectorOf(1), minimum_nprobes: 9, maximum_nprobes: 3 },
    status: 400,
    says: /nprobes/,
  },
  {
    name: 'an unknown distance',
    path: QUERY,
    body: { k: 1, vector: vectorOf(1), distance_type: 'taxi' },
    status: 400,
    says: /distance_type/,
  },
  { name: 'a write', path: '/v1/table/documents/insert/', body: {}, status: 501, says: /only reads/ },
  { name: 'a wrong path', path: '/v2/tables', body: {}, status: 404, says: /not an endpoint/ },
];

for (const { name, path, body, status, says } of ERRORS) {
  test(`${name} is answered ${status} with the Cloud's error body`, async ({ served, documents }) => {
    const server = await served.serve();
    const response = await post(server, path, body);
    expect(documents.name).toBe('documents');
    expect(await response.json()).toEqual({
      code: status,
      error: expect.stringMatching(says),
    });
    expect(response.status).toBe(status);
  });
}

test('a write is answered 501 whatever its body', async ({ served }) => {
  const headers = { 'content-type': 'application/vnd.apache.arrow.stream' };
  const response = await post(await served.serve(), '/v1/table/documents/insert/', 'Arrow bytes', headers);
  expect(response.status).toBe(501);
});

test('a request without the key, or with another, is answered 401', async ({ served, documents }) => {
  const server = await served.serve();
  const url = `${server.url}/v1/table/${documents.name}/count_rows/`;
  const statusWith = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(url, { method: 'POST', headers })).status;
  expect(await statusWith({})).toBe(401);
  expect(await statusWith({ 'x-api-key': 'another' })).toBe(401);
  expect(await statusWith({ 'x-api-key': API_KEY })).toBe(200);
});

test('the request id is echoed, and made where there is none', async ({ served }) => {
  const server = await served.serve();
  const echoed = await post(server, '/v1/table/nope/stats/', {}, { 'x-request-id': 'my-id' });
  expect(echoed.headers.get('x-request-id')).toBe('my-id');
  const made = await post(server, '/v1/table/nope/stats/', {});
  expect(made.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

test('a table in a namespace is found by its joined name', async ({ served }) => {
  await served.embedded.createNamespace(['team']);
  await served.embedded.createTable('notes', [{ id: 1 }], ['team']);
  const server = await served.serve();
  expect(await rowsOf(await post(server, '/v1/table/team%24notes/query/', SCAN))).toBe(1);
  const list = await fetch(`${server.url}/v1/namespace/team/table/list`, {
    headers: { 'x-api-key': API_KEY },
  });
  expect(await list.json()).toEqual({ tables: ['notes'] });
});

test("another process's writes are seen by the next request, and a pinned version stays as it was", async ({
  served,
  documents,
}) => {
  const server = await served.serve();
  const count = async (body: object): Promise<string> =>
    (await post(server, '/v1/table/documents/count_rows/', body)).text();
  expect(await count({})).toBe('3000');
  await documents.delete('id < 100');
  expect(await count({})).toBe('2900');
  expect(await count({ version: 3 })).toBe('3000');
});

test('a version that was cleaned up, or whose table was dropped, is answered 404', async ({
  served,
  documents,
}) => {
  const server = await served.serve();
  const pinned = { ...SCAN, version: 2 };
  expect(await rowsOf(await post(server, QUERY, pinned))).toBe(10);
  await documents.optimize({ cleanupOlderThan: new Date(), deleteUnverified: true });
  expect((await post(server, QUERY, pinned)).status).toBe(404);
  await served.embedded.dropTable('documents');
  expect((await post(server, QUERY, SCAN)).status).toBe(404);
});
