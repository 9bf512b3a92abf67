import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { OffloadError } from '@lance-offload/base';
import { createLanceClient, type LanceClient } from '../src/client.ts';
import { retryAfterMs, serverWords } from '../src/http.ts';
import { scanQuery } from '../src/query.ts';
import { countArrowRows } from '../src/row-count.ts';
import { bodyOf, rowIds } from './arrow-bodies.ts';
import { expectCode, expectRejection } from '../../base/test/expect-code.ts';
import { connectionTo, json, KEY, test, type Answer } from './http-server.ts';

const QUERY = scanQuery({ version: 3 }, { offset: 0, limit: 10 });
const FOREVER = new AbortController().signal;
const MIB = 2 ** 20;

function scan(client: LanceClient, maxBytes = MIB): Promise<Uint8Array | undefined> {
  return client.query('t', QUERY, { maxBytes, signal: FOREVER });
}

function arrowBody(bytes: Uint8Array): Answer {
  return (response) =>
    response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' }).end(bytes);
}

function expectNoKey(error: OffloadError): void {
  const everything = JSON.stringify([error.message, error.details, error.stack, String(error.cause)]);
  for (const form of [KEY, JSON.stringify(KEY).slice(1, -1), '-key']) expect(everything).not.toContain(form);
}

test('every page of the listing is followed to the end', async ({ serve }) => {
  const { client, seen } = await serve([
    json(200, { tables: ['a', 'b'], page_token: 'b' }),
    json(200, { tables: [], page_token: 'x y&z' }),
    json(200, { tables: ['c'], page_token: null }),
  ]);
  expect(await client.listTables()).toEqual(['a', 'b', 'c']);
  const queries = seen.map(({ url }) => Object.fromEntries(new URL(url, 'http://x').searchParams));
  expect(queries).toEqual([
    { limit: '100' },
    { limit: '100', page_token: 'b' },
    { limit: '100', page_token: 'x y&z' },
  ]);
});

test('a listing that hands out the same page_token again and again is refused', async ({ serve }) => {
  const { client } = await serve([
    json(200, { tables: ['a'], page_token: '1' }),
    json(200, { tables: ['b'], page_token: '2' }),
    json(200, { tables: ['c'], page_token: '1' }),
  ]);
  await expectRejection(client.listTables(), 'SOURCE_BAD_BODY', /page_token again and again/);
});

test('requests carry the key, an id and the project, and name the table safely', async ({ serve }) => {
  const { client, seen } = await serve([
    json(200, { version: 7, schema: { fields: [{ name: 'id', type: { type: 'int64' } }] } }),
  ]);
  expect(await client.describe('ns$a/b c', 7)).toEqual({
    version: 7,
    fields: [{ name: 'id', nullable: true, type: { type: 'int64' } }],
  });
  expect(seen).toMatchObject([
    { method: 'POST', url: '/v1/table/ns%24a%2Fb%20c/describe/', body: { version: 7 } },
  ]);
  expect(seen[0]?.headers).toMatchObject({
    'x-api-key': KEY,
    'x-lancedb-database': 'p',
    'user-agent': 'core-test',
    accept: 'application/json',
    'content-type': 'application/json',
  });
  expect(seen[0]?.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
});

test('counting sends version and filter, and reads the bare number', async ({ serve }) => {
  const { client, seen } = await serve([json(200, 42)]);
  expect(await client.countRows('t', 3, "name = 'x'")).toBe(42);
  expect(await client.countRows('t', 3)).toBe(42);
  expect(seen.map(({ body }) => body)).toEqual([{ version: 3, predicate: "name = 'x'" }, { version: 3 }]);
});

test('a scan asks for rows without a vector, and reads its answer, packed with gzip or not', async ({
  serve,
}) => {
  const body = bodyOf([{ _rowid: rowIds(0, 10) }]);
  const packed: Answer = (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(body));
  const { client, seen } = await serve([arrowBody(body), packed]);
  for (const _ of [1, 2]) {
    const read = await scan(client);
    expect(Buffer.compare(read ?? new Uint8Array(), body)).toBe(0);
  }
  expect(seen[0]).toMatchObject({
    url: '/v1/table/t/query/',
    body: { vector: [], k: 10, offset: 0, version: 3, prefilter: true, with_row_id: true },
  });
  expect(seen[0]?.headers.accept).toContain('application/vnd.apache.arrow.stream');
});

for (const [what, type, body, words] of [
  ['plain text', 'text/plain', 'k is out of range', 'k is out of range'],
  ['code and error', 'application/json', '{"code":400,"error":"Bad request: k"}', 'Bad request: k'],
  [
    'error and detail',
    'application/json',
    '{"error":"Bad","code":1,"detail":"the column","instance":"i"}',
    'Bad: the column',
  ],
  ['text under a JSON type', 'application/json', 'not JSON at all', 'not JSON at all'],
  ['JSON of another shape', 'application/json', '{"oops":true}', '{"oops":true}'],
  ['nothing', 'text/plain', '', ''],
] as const) {
  test(`the server’s words are kept: ${what}`, async ({ serve }) => {
    const { client } = await serve([
      (response) => response.writeHead(400, { 'content-type': type, 'x-request-id': 'req-1' }).end(body),
    ]);
    const error = await expectRejection(
      scan(client),
      'SOURCE_REJECTED',
      /Could not read rows 0–9 of table "t": POST http.*\/query\/ answered 400/,
    );
    expect(error.details).toEqual({ table: 't', status: 400, requestId: 'req-1', serverSaid: words });
    expect(error.message).toContain('(request req-1)');
  });
}

const echo =
  (text: string): Answer =>
  (response) =>
    response.writeHead(500, { 'x-request-id': KEY }).end(text);

test('long words are cut, and a key they echo is redacted, also across the cut', async ({ serve }) => {
  const { client } = await serve([
    json(401, { error: `bad key ${KEY}` }),
    json(403, { oops: KEY }),
    echo(`${'x'.repeat(495)}${KEY}`),
    echo(KEY.repeat(5000)),
  ]);
  for (const code of [
    'SOURCE_UNAUTHORIZED',
    'SOURCE_UNAUTHORIZED',
    'SOURCE_UNAVAILABLE',
    'SOURCE_UNAVAILABLE',
  ] as const) {
    const error = await expectRejection(scan(client), code);
    expectNoKey(error);
    expect(error.details.serverSaid).toMatch(/redacted|x…|\[re/);
    expect(error.details.serverSaid?.length).toBeLessThanOrEqual(501);
  }
});

for (const [status, code] of [
  [401, 'SOURCE_UNAUTHORIZED'],
  [403, 'SOURCE_UNAUTHORIZED'],
  [404, 'VERSION_GONE'],
  [400, 'SOURCE_REJECTED'],
  [422, 'SOURCE_REJECTED'],
  [408, 'SOURCE_UNAVAILABLE'],
  [500, 'SOURCE_UNAVAILABLE'],
  [503, 'SOURCE_UNAVAILABLE'],
  [501, 'SOURCE_REJECTED'],
] as const) {
  test(`a scan answered ${status} ends as ${code}, after one request`, async ({ serve }) => {
    const { client, seen } = await serve([json(status, { error: 'no' })]);
    const error = await expectRejection(scan(client), code);
    expect(error.details.status).toBe(status);
    expect(seen).toHaveLength(1);
  });
}

test('a table that is not there is told from a version that is gone', async ({ serve }) => {
  const { client } = await serve([
    json(404, { error: 'table not found' }),
    json(404, 'x'),
    json(400, { error: 'Version 3 not found' }),
    json(400, { error: 'column not found' }),
  ]);
  await expectRejection(client.describe('t'), 'SOURCE_NOT_FOUND');
  await expectRejection(client.countRows('t', 3), 'VERSION_GONE');
  await expectRejection(client.countRows('t', 3), 'VERSION_GONE');
  await expectRejection(client.countRows('t', 3), 'SOURCE_REJECTED');
});

for (const [what, header, wanted] of [
  ['seconds', '7', 7000],
  ['a fraction of a second', '0.0005', 100],
  ['none at all', '0', 100],
  ['a time past', 'Thu, 01 Jan 1970 00:00:00 GMT', 100],
  ['a date', 'Thu, 01 Jan 2026 00:00:09 GMT', 9000],
  ['a day', '86400', 120_000],
  ['something absurd', '1e400', 1000],
  ['words', 'soon', 1000],
  ['nothing', '', 1000],
  ['no header', null, 1000],
] as const) {
  test(`Retry-After may say ${what}`, () => {
    expect(retryAfterMs(header, Date.UTC(2026, 0, 1))).toBe(wanted);
  });
}

test('metadata calls are tried again, and told of, until the attempts are used up', async ({ serve }) => {
  const again = await serve([json(503, {}), json(429, {}, { 'retry-after': '0' }), json(200, 42)]);
  expect(await again.client.countRows('t', 3)).toBe(42);
  expect(again.retries).toEqual([`${again.url}: HTTP 503`, `${again.url}: HTTP 429`]);
  expect(new Set(again.seen.map(({ headers }) => headers['x-request-id'])).size).toBe(1);
  const never = await serve([json(500, { error: 'broken' })]);
  await expectRejection(never.client.listTables(), 'SOURCE_UNAVAILABLE', /broken/);
  expect(never.seen).toHaveLength(3);
  const refused = await serve([json(400, {})]);
  await expectRejection(refused.client.listTables(), 'SOURCE_REJECTED');
  expect(refused.seen).toHaveLength(1);
});

const broken: Answer = (response) => response.destroy();
const stalled: Answer = (response) => response.writeHead(200).write(Buffer.alloc(100));
const half: Answer = (response) =>
  response.writeHead(200, { 'content-type': 'application/json' }).write('{"tab');

test('a connection that breaks is tried again for metadata, and not for a scan', async ({ serve }) => {
  const { client, seen, retries } = await serve([broken, json(200, 42), broken]);
  expect(await client.countRows('t', 3)).toBe(42);
  expect(retries).toHaveLength(1);
  await expectRejection(scan(client), 'SOURCE_UNAVAILABLE', /no answer from http:.*: other side closed/);
  expect(seen).toHaveLength(3);
});

test('a refused connection names the host and the cause, and not the key', async () => {
  const client = createLanceClient(connectionTo('http://127.0.0.1:1', { max_retries: 0 }), {
    userAgent: 'core-test',
  });
  const error = await expectRejection(
    client.listTables(),
    'SOURCE_UNAVAILABLE',
    /Could not list the tables: no answer from http:\/\/127\.0\.0\.1:1: (connect ECONNREFUSED|bad port)/,
  );
  expectNoKey(error);
});

test('a body cut short is unavailable, never a shorter page', async ({ serve }) => {
  const body = bodyOf([{ _rowid: rowIds(0, 1000) }]);
  const short: Answer = (response) => {
    response.writeHead(200, { 'content-length': String(body.length) });
    response.write(body.subarray(0, 500), () => response.destroy());
  };
  const { client } = await serve([short]);
  await expectRejection(scan(client), 'SOURCE_UNAVAILABLE');
});

test('a metadata answer that breaks off, or is cut short, is asked for again; what is no JSON at all is not', async ({
  serve,
}) => {
  const listing = JSON.stringify({ tables: ['documents'] });
  const breaksOff: Answer = (response) => {
    response.writeHead(200, { 'content-length': String(listing.length) });
    response.write(listing.slice(0, 8), () => response.destroy());
  };
  const isCut: Answer = (response) => void response.writeHead(200).end(listing.slice(0, 8));
  const whole: Answer = (response) => void response.writeHead(200).end(listing);
  const { client, seen } = await serve([breaksOff, isCut, whole]);
  expect(await client.listTables()).toEqual(['documents']);
  expect(seen).toHaveLength(3);

  const cut = await serve([isCut], { max_retries: 2 });
  await expectRejection(cut.client.listTables(), 'SOURCE_BAD_BODY', /is not JSON/);
  expect(cut.seen).toHaveLength(3);

  const page = await serve([(response) => void response.writeHead(200).end('<html>')], { max_retries: 2 });
  await expectRejection(page.client.listTables(), 'SOURCE_BAD_BODY', /is not JSON/);
  expect(page.seen).toHaveLength(1);
});

test('a body that stalls is given up after the request timeout', async ({ serve }) => {
  const { client } = await serve([stalled], { request_timeout: 0.2 });
  await expectRejection(scan(client), 'SOURCE_UNAVAILABLE', /The body stalled: nothing came for 0\.2 s/);
});

test('an answer that does not begin is given up after the request timeout, of a metadata call’s body too', async ({
  serve,
}) => {
  const silent = await serve([() => undefined], { request_timeout: 0.2 });
  await expectRejection(scan(silent.client), 'SOURCE_UNAVAILABLE', /timed out/);
  const stuck = await serve([half], { request_timeout: 0.2, max_retries: 0 });
  await expectRejection(stuck.client.listTables(), 'SOURCE_UNAVAILABLE', /timed out/);
});

test('an aborted scan ends at once', async ({ serve }) => {
  const controller = new AbortController();
  const abort: Answer = (response) => {
    response.writeHead(200).write(Buffer.alloc(100));
    controller.abort();
  };
  const { client } = await serve([abort]);
  await expectRejection(
    client.query('t', QUERY, { maxBytes: MIB, signal: controller.signal }),
    'SOURCE_UNAVAILABLE',
    /abort/,
  );
});

test('a body larger than the limit is dropped, one of just that size is not', async ({ serve }) => {
  const body = randomBytes(5000);
  const { client } = await serve([arrowBody(body)]);
  expect(await scan(client, 4999)).toBeUndefined();
  expect((await scan(client, 5000))?.byteLength).toBe(5000);
});

test('a buffer that was given back holds the next body alone', async ({ serve }) => {
  const [large, small] = [randomBytes(0.9 * MIB), randomBytes(0.7 * MIB)];
  const { client } = await serve([arrowBody(large), arrowBody(small), arrowBody(large)]);
  const first = await client.query('t', QUERY, { maxBytes: MIB, signal: FOREVER });
  if (!first) throw new Error('no body');
  expect(Buffer.compare(first, large)).toBe(0);
  client.recycle(first.buffer);
  const second = await scan(client);
  const third = await scan(client);
  expect(second?.buffer).toBe(first.buffer);
  expect(Buffer.compare(second ?? new Uint8Array(), small)).toBe(0);
  expect(Buffer.compare(third ?? new Uint8Array(), large)).toBe(0);
});

test('a small body holds a small buffer, however large the bodies before it were', async ({ serve }) => {
  const [large, small] = [randomBytes(0.9 * MIB), randomBytes(300)];
  const { client } = await serve([arrowBody(large), arrowBody(small), arrowBody(small)]);
  const first = await client.query('t', QUERY, { maxBytes: MIB, signal: FOREVER });
  if (!first) throw new Error('no body');
  client.recycle(first.buffer);
  for (const body of [await scan(client), await scan(client)]) {
    expect(body?.buffer.byteLength).toBe(300);
    expect(Buffer.compare(body ?? new Uint8Array(), small)).toBe(0);
  }
});

test('a body larger than any before is read whole', async ({ serve }) => {
  const bodies = [10, 2 * MIB, 7 * MIB].map((size) => randomBytes(size));
  const { client } = await serve(bodies.map(arrowBody));
  for (const body of bodies) {
    expect(Buffer.compare((await scan(client, 10 * MIB)) ?? new Uint8Array(), body)).toBe(0);
  }
});

test('HTML under an Arrow type is found out before it is decoded', async ({ serve }) => {
  const { client } = await serve([arrowBody(Buffer.from('<html>502 Bad Gateway</html>'))]);
  const body = await scan(client);
  expectCode(() => countArrowRows(body ?? new Uint8Array()), 'SOURCE_BAD_BODY', /begin "<html>502/);
});

test('a redirect, which would carry the key elsewhere, is refused', async ({ serve }) => {
  const elsewhere = await serve([arrowBody(new Uint8Array(8))]);
  const { client } = await serve([(response) => response.writeHead(307, { location: elsewhere.url }).end()]);
  await expectRejection(scan(client), 'SOURCE_UNAVAILABLE', /redirect/);
  expect(elsewhere.seen).toEqual([]);
});

test('an answer that is not what the API promises is refused with the place that differs', async ({
  serve,
}) => {
  const { client } = await serve([
    json(200, { version: 'x', schema: { fields: [] } }),
    (response) => response.end('<html>'),
    json(200, -1),
    json(200, { tables: [1] }),
  ]);
  await expectRejection(client.describe('t'), 'SOURCE_BAD_BODY', /version: /);
  await expectRejection(client.describe('t'), 'SOURCE_BAD_BODY', /is not JSON \(request [0-9a-f-]{36}\)/);
  await expectRejection(client.countRows('t', 1), 'SOURCE_BAD_BODY', /the body: /);
  await expectRejection(client.listTables(), 'SOURCE_BAD_BODY', /tables\.0: /);
});

test('the size of a table is not known where the server does not tell it', async ({ serve }) => {
  const { client } = await serve([
    json(200, { total_bytes: 10, num_rows: 2, more: 1 }),
    json(404, {}),
    json(501, {}),
    json(200, {}),
    json(401, {}),
  ]);
  expect(await client.stats('t')).toEqual({ total_bytes: 10, num_rows: 2 });
  for (const _ of [1, 2, 3]) expect(await client.stats('t')).toBeUndefined();
  await expectRejection(client.stats('t'), 'SOURCE_UNAUTHORIZED');
});

test('the times of versions are read in either form and through every page; a text without a zone is UTC', async ({
  serve,
}) => {
  const { client, seen } = await serve([
    json(200, { versions: [{ version: 3, timestamp: '2026-11-24T10:00:00.123456Z' }], page_token: '3' }),
    json(200, {
      versions: [
        { version: 4, timestamp: '2026-11-24T10:00:01.5' },
        { version: 5, timestamp: '2026-11-24T12:00:02+02:00' },
        { version: 6 },
        { version: 7, timestamp_millis: Date.UTC(2026, 10, 24, 11) },
      ],
    }),
  ]);
  expect([...((await client.versionTimes('t')) ?? [])]).toEqual([
    [3, '2026-11-24T10:00:00.123Z'],
    [4, '2026-11-24T10:00:01.500Z'],
    [5, '2026-11-24T10:00:02.000Z'],
    [7, '2026-11-24T11:00:00.000Z'],
  ]);
  expect(seen.map(({ url }) => url)).toEqual([
    '/v1/table/t/version/list/',
    '/v1/table/t/version/list/?page_token=3',
  ]);
});

test('versions that are not served are not known; a damaged answer is an error, for it might have told', async ({
  serve,
}) => {
  const { client } = await serve([json(404, {}), json(501, {}), json(200, { versions: 'none' })]);
  for (const _ of [1, 2]) expect(await client.versionTimes('t')).toBeUndefined();
  await expectRejection(client.versionTimes('t'), 'SOURCE_BAD_BODY', /versions: /);
});

test('indexes are listed with their columns', async ({ serve }) => {
  const { client, seen } = await serve([json(200, { indexes: [{ index_name: 'i', columns: ['a'] }] })]);
  expect(await client.listIndexes('t', 3)).toEqual([{ index_name: 'i', columns: ['a'] }]);
  expect(seen[0]).toMatchObject({ url: '/v1/table/t/index/list/', body: { version: 3 } });
});

test('words of a server are said once, and of any length', () => {
  expect(serverWords('{"error":"no","detail":"no"}')).toBe('no');
  expect(serverWords('x'.repeat(600))).toBe(`${'x'.repeat(500)}…`);
});
