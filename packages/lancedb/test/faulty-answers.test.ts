import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import type { LanceClient } from '../src/client.ts';
import { scanQuery } from '../src/query.ts';
import { bodyOf, rowIds } from './arrow-bodies.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { json, test, type Answer } from './http-server.ts';

const MIB = 2 ** 20;

function scan(client: LanceClient): Promise<Uint8Array | undefined> {
  const query = scanQuery({ version: 3 }, { offset: 0, limit: 10 });
  return client.query('t', query, { maxBytes: MIB, signal: new AbortController().signal });
}

const from =
  (version: string): Answer =>
  (response) =>
    response.writeHead(200, { 'x-lancedb-version': version }).end('7');

const packedAs =
  (bytes: Uint8Array): Answer =>
  (response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);

/** A refusal whose words end early. */
const cut: Answer = (response) => {
  response.writeHead(429, { 'retry-after': '0.2', 'content-length': '100' });
  response.write('not so', () => response.destroy());
};

test('a scan answered 429 is sent again, no sooner than the source says', async ({ serve }) => {
  const limited = json(429, {}, { 'retry-after': '0.3' });
  const body = bodyOf([{ _rowid: rowIds(0, 10) }]);
  const { client, seen } = await serve([limited, cut, (response) => response.end(body)]);
  const started = performance.now();
  expect((await scan(client))?.byteLength).toBe(body.byteLength);
  expect(performance.now() - started).toBeGreaterThanOrEqual(500);
  expect(seen).toHaveLength(3);
});

test('a wait of more than a minute is left to the queue, and nothing is sent meanwhile', async ({
  serve,
}) => {
  const { client, seen } = await serve([json(429, { error: 'no' }, { 'retry-after': '61' })]);
  const first = await expectRejection(scan(client), 'SOURCE_RATE_LIMITED', /answered 429: no/);
  expect(first.details).toMatchObject({ status: 429, retryAfterMs: 61_000 });
  const second = await expectRejection(scan(client), 'SOURCE_RATE_LIMITED', /no request for another 6[01] s/);
  expect(second.details.retryAfterMs).toBeGreaterThan(60_000);
  expect(seen).toHaveLength(1);
});

test('max_requests_per_second spaces scans and metadata calls', async ({ serve }) => {
  const { client } = await serve([json(200, 42)], { max_requests_per_second: 20 });
  const started = performance.now();
  for (let call = 0; call < 5; call++) await client.countRows('t', 3);
  expect(performance.now() - started).toBeGreaterThanOrEqual(4 * 50 - 10);
});

test('an answer from another version than the pinned one is refused, where the server tells it', async ({
  serve,
}) => {
  const { client } = await serve([
    from('3'),
    from('4'),
    from('4'),
    json(200, { version: 4, schema: { fields: [] } }),
  ]);
  expect(await client.countRows('t', 3)).toBe(7);
  const words = /asked for version 3, and the answer is from version 4/;
  await expectRejection(client.countRows('t', 3), 'SOURCE_BAD_BODY', words);
  await expectRejection(scan(client), 'SOURCE_BAD_BODY', words);
  await expectRejection(client.describe('t', 3), 'SOURCE_BAD_BODY', words);
});

test('a packed body that cannot be unpacked, or ends early, is a bad body', async ({ serve }) => {
  const packed = gzipSync(randomBytes(1000));
  const { client } = await serve([packedAs(Buffer.from('no gzip')), packedAs(packed.subarray(0, 500))]);
  await expectRejection(scan(client), 'SOURCE_BAD_BODY', /cannot be unpacked: incorrect header check/);
  await expectRejection(scan(client), 'SOURCE_BAD_BODY', /cannot be unpacked: unexpected end of file/);
});

test('a packed body that swells beyond the limit is dropped before it is all unpacked', async ({ serve }) => {
  const bomb = gzipSync(Buffer.alloc(64 * MIB));
  const { client } = await serve([packedAs(bomb)]);
  expect(await scan(client)).toBeUndefined();
});
