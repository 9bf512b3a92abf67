import { expect } from 'vitest';
import type { LanceClient } from '../src/client.ts';
import { fetchPage } from '../src/fetch-page.ts';
import type { PagedScan } from '../src/paged-scan.ts';
import { RequestSizes } from '../src/request-sizes.ts';
import { retryingQueries } from '../src/retrying-queries.ts';
import { bodyOf, rowIds } from './arrow-bodies.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { json, test, type Answer } from './http-server.ts';

const SCAN: PagedScan = { table: 't', id: 'run', version: 3, rowsPerPage: 1000, pageBytes: 65_536 };
const PAGE = { index: 0, offset: 4000, limit: 1000 };

const rows =
  (count: number): Answer =>
  (response) =>
    response
      .writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' })
      .end(bodyOf([{ _rowid: rowIds(0, count) }]));
const broken: Answer = (response) => response.destroy();
const cut: Answer = (response) => response.end(bodyOf([{ _rowid: rowIds(0, 100) }]).subarray(0, 500));

async function rowsOf(client: LanceClient, sizes = new RequestSizes()): Promise<number> {
  let total = 0;
  const source = retryingQueries(client, 'first answer');
  const { signal } = new AbortController();
  for await (const part of fetchPage(SCAN, PAGE, source, sizes, signal)) total += part.rows;
  return total;
}

const ranges = (seen: readonly { readonly body: unknown }[]): [number, number][] =>
  seen.map(({ body }) => {
    const { offset, k } = body as { offset: number; k: number };
    return [offset - PAGE.offset, k];
  });

test('a server that caps k is asked for the rest of a page, and for no row behind it', async ({ serve }) => {
  const { client, seen } = await serve([rows(400), rows(400), rows(200)]);
  expect(await rowsOf(client)).toBe(1000);
  expect(ranges(seen)).toEqual([
    [0, 1000],
    [400, 600],
    [800, 200],
  ]);
});

test('a server that leaves rows out is not asked ever smaller questions: rows behind the page make up for them', async ({
  serve,
}) => {
  const sizes = new RequestSizes();
  const first = await serve([rows(950), rows(47), rows(19)]);
  expect(await rowsOf(first.client, sizes)).toBe(1016);
  expect(ranges(first.seen)).toEqual([
    [0, 1000],
    [950, 50],
    [997, 20],
  ]);
  const second = await serve([rows(950), rows(70)]);
  expect(await rowsOf(second.client, sizes)).toBe(1020);
  expect(ranges(second.seen)).toEqual([
    [0, 1000],
    [950, 73],
  ]);
});

test('the first request of a page is its queue’s to send again, the later ones are sent again here', async ({
  serve,
}) => {
  const dead = await serve([json(503, {})]);
  await expectRejection(rowsOf(dead.client), 'SOURCE_UNAVAILABLE');
  expect(dead.seen).toHaveLength(1);
  const { client, seen, retries, url } = await serve([rows(400), json(502, {}), broken, rows(600)]);
  expect(await rowsOf(client)).toBe(1000);
  expect(ranges(seen).map(([offset]) => offset)).toEqual([0, 400, 400, 400]);
  expect(retries).toEqual([`${url}: HTTP 502`, `${url}: SOURCE_UNAVAILABLE`]);
});

test('an answer that is cut short is asked for again, and given up after as many tries as are allowed', async ({
  serve,
}) => {
  const once = await serve([rows(400), cut, rows(600)]);
  expect(await rowsOf(once.client)).toBe(1000);
  const always = await serve([rows(400), cut]);
  await expectRejection(rowsOf(always.client), 'SOURCE_BAD_BODY');
  expect(always.seen).toHaveLength(1 + 3);
});

test('what will not pass is not tried again', async ({ serve }) => {
  const { client, seen } = await serve([rows(400), json(401, {})]);
  await expectRejection(rowsOf(client), 'SOURCE_UNAUTHORIZED');
  expect(seen).toHaveLength(2);
});

test('last rows that are left out once are asked for again; a server that has none is refused', async ({
  serve,
}) => {
  const once = await serve([rows(990), rows(0), rows(10)]);
  expect(await rowsOf(once.client)).toBe(1000);
  const never = await serve([rows(990), rows(0)]);
  await expectRejection(rowsOf(never.client), 'SOURCE_SHORT', /no rows from 4990 on/);
});

test('a try that waits to be sent again ends with its page', async ({ serve }) => {
  const { client, seen } = await serve([json(503, {})], { initial_retry_delay: 3600 });
  const controller = new AbortController();
  const query = client.query(
    't',
    { vector: [], k: 1, offset: 0, version: 1, prefilter: true, with_row_id: true },
    { maxBytes: 100, signal: controller.signal, retried: true },
  );
  const ended = expectRejection(query, 'SOURCE_UNAVAILABLE', /lock lost/);
  await expect.poll(() => seen.length).toBe(1);
  controller.abort(new Error('lock lost'));
  await ended;
});
