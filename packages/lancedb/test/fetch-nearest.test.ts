import { expect } from 'vitest';
import { fetchPage } from '../src/fetch-page.ts';
import type { FetchedPart, PagedScan } from '../src/paged-scan.ts';
import { RequestSizes } from '../src/request-sizes.ts';
import type { LanceClient } from '../src/client.ts';
import { bodyOf, rowIds } from './arrow-bodies.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { test, type Answer } from './http-server.ts';

const SEARCH: PagedScan = {
  table: 't',
  id: 'run',
  version: 3,
  rowsPerPage: 10,
  pageBytes: 65_536,
  search: { k: 10, vector: [1, 2], vector_column: 'v', prefilter: true },
};
const PAGE = { index: 0, offset: 4, limit: 10 };

function rows(count: number): Answer {
  return (response) =>
    response
      .writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' })
      .end(bodyOf([{ _rowid: rowIds(0, count) }]));
}

async function fetched(client: LanceClient, scan = SEARCH): Promise<FetchedPart[]> {
  const parts: FetchedPart[] = [];
  const { signal } = new AbortController();
  for await (const part of fetchPage(scan, PAGE, client, new RequestSizes(), signal)) parts.push(part);
  return parts;
}

test('a short answer to a search is the whole answer, and is not asked again', async ({ serve }) => {
  for (const count of [10, 3, 0]) {
    const { client, seen } = await serve([rows(count)]);
    expect(await fetched(client)).toMatchObject([{ rows: count, requests: 1 }]);
    expect(seen.map(({ body }) => body)).toMatchObject([{ k: 10, offset: 4, vector: [1, 2], version: 3 }]);
  }
});

test('more rows than a search asked for are refused', async ({ serve }) => {
  const { client } = await serve([rows(11)]);
  await expectRejection(fetched(client), 'SOURCE_BAD_BODY', /Asked for the 10 nearest rows .*got 11/);
});

test('an answer that is larger than a page may be is refused with what to do, and not asked for in parts', async ({
  serve,
}) => {
  const { client, seen } = await serve([rows(10)]);
  const error = await expectRejection(
    fetched(client, { ...SEARCH, pageBytes: 100 }),
    'CONFIG_INVALID',
    /larger than page_bytes \(100\).*lower batch_size, name fewer columns, or raise page_bytes/,
  );
  expect(error.policy.next).toBe('give-up');
  expect(seen).toHaveLength(1);
});
