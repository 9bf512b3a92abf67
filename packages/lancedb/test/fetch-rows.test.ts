import { expect } from 'vitest';
import type { LanceClient } from '../src/client.ts';
import type { FetchedPart, PagedScan } from '../src/paged-scan.ts';
import { fetchRows } from '../src/fetch-rows.ts';
import { RequestSizes } from '../src/request-sizes.ts';
import { bodyOf, rowIds, utf8 } from './arrow-bodies.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { test, type Answer } from './http-server.ts';

const SCAN: PagedScan = { table: 't', id: 'run', version: 3, rowsPerPage: 1000, pageBytes: 65_536 };
const MIB = 2 ** 20;

function send(body: Uint8Array): Answer {
  return (response) =>
    response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' }).end(body);
}
const rows = (count: number): Answer => send(bodyOf([{ _rowid: rowIds(0, count) }]));
const idsUpTo = (count: number) => BigUint64Array.from({ length: count }, (_, id) => BigInt(id));

async function fetched(
  client: LanceClient,
  ids: BigUint64Array,
  sizes = new RequestSizes(),
): Promise<FetchedPart[]> {
  const parts: FetchedPart[] = [];
  const { signal } = new AbortController();
  for await (const part of fetchRows(SCAN, ids, client, sizes, signal)) parts.push(part);
  return parts;
}

test('rows are asked for with room for some that are repeated, and repeated ones are no fault', async ({
  serve,
}) => {
  const { client, seen } = await serve([rows(20)]);
  expect(await fetched(client, idsUpTo(10))).toMatchObject([{ rows: 20, requests: 1 }]);
  expect(seen).toMatchObject([{ body: { k: 28, offset: 0, filter: '_rowid IN (0,1,2,3,4,5,6,7,8,9)' } }]);
});

test('a single row that is larger than any may be is refused, and named', async ({ serve }) => {
  const { client, seen } = await serve([send(bodyOf([{ text: utf8(['x'.repeat(70 * MIB)]) }]))]);
  const error = await expectRejection(
    fetched(client, BigUint64Array.of(4_294_967_301n)),
    'SOURCE_BAD_BODY',
    /Table "t": the answer for the single row 4294967301 \(_rowid\) is larger than 67108864 bytes/,
  );
  expect(error.details).toEqual({ table: 't' });
  expect(seen).toHaveLength(1);
});

test('a server that caps k is asked for no more than it sends, and for more again where that was no cap', async ({
  serve,
}) => {
  const sizes = new RequestSizes();
  const asked = async (client: LanceClient) => {
    await fetched(client, idsUpTo(1000), sizes);
    return sizes.rowsFor(SCAN);
  };
  const capped = await serve([rows(137)]);
  expect(await asked(capped.client)).toBe(137);
  // One answer lacked nearly all of its rows, and the next ones are whole.
  const once = await serve([rows(1), rows(1), rows(2), rows(4), rows(8)]);
  const other = new RequestSizes();
  await fetched(once.client, idsUpTo(1000), other);
  expect(other.rowsFor(SCAN)).toBe(1);
  await fetched(once.client, idsUpTo(15), other);
  expect(other.rowsFor(SCAN)).toBe(16);
});

test('sizes that a too large answer has taught do not grow again', () => {
  const sizes = new RequestSizes();
  sizes.halve(SCAN, 1000);
  sizes.learnCap(SCAN, 500, 500);
  expect(sizes.rowsFor(SCAN)).toBe(500);
});
