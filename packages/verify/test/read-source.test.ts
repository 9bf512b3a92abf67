import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { quoteText, withDuckDB } from '@lance-offload/delta';
import type { LanceClient } from '@lance-offload/lancedb';
import { Hasher } from '../src/hasher.ts';
import { readSource, type SourceDeps, type SourceRead } from '../src/read-source.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { json, test as served } from '../../lancedb/test/http-server.ts';
import { fieldsOf } from '../../core/test/merge/typed-table.ts';
import { inFolder } from '../../base/test/in-folder.ts';
import { servedTable } from './served-table.ts';

const TYPES = { id: 'int64', text: 'string' };
const ROWS = Array.from({ length: 95 }, (_, id) => ({ id: BigInt(id), text: `row ${id}` }));
const TABLE = { types: TYPES, rows: ROWS };

/** A test with a folder and a thread of its own. */
const test = served.extend<{
  read: (
    source: LanceClient,
    changes?: Partial<SourceDeps>,
    of?: { readonly offset?: number; readonly pageBytes?: number },
  ) => Promise<number>;
  folder: string;
}>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  folder: async ({}, use) => {
    await inFolder(use);
  },
  read: async ({ folder }, use) => {
    const hasher = new Hasher();
    await use((source, changes, { offset = 0, pageBytes = 2 ** 20 } = {}) => {
      const read: SourceRead = {
        scan: { table: 't', version: 3, id: 'rows', rowsPerPage: 10, pageBytes },
        offset,
        transform: { columns: fieldsOf(TYPES), written: ['id'] },
        folder,
      };
      const signal = new AbortController().signal;
      return readSource(read, {
        source,
        hasher,
        attempts: { maxRetries: 1, initialDelayMs: 1 },
        signal,
        onRows: () => undefined,
        ...changes,
      });
    });
    await hasher.close();
  },
});

async function staged(folder: string): Promise<unknown[][]> {
  const sql = `SELECT count(*)::INT, count(DISTINCT id)::INT, count(DISTINCT _rowid)::INT, min(id)::INT, count(DISTINCT _row_hash)::INT FROM ${quoteText(path.join(folder, '*.parquet'))}`;
  return withDuckDB({}, async (connection) => (await connection.runAndReadAll(sql)).getRows());
}

test('every row is read once, in pages, two of which are under way at most', async ({
  serve,
  read,
  folder,
}) => {
  let [open, most] = [0, 0];
  const { client, seen } = await serve([
    (response, request) => {
      open += 1;
      most = Math.max(most, open);
      response.once('close', () => (open -= 1));
      servedTable(TABLE)(response, request);
    },
  ]);
  const told: number[] = [];
  expect(await read(client, { onRows: (rows, of) => told.push(rows, of) })).toBe(95);
  expect(await staged(folder)).toEqual([[95, 95, 95, 0, 95]]);
  expect(seen.filter(({ url }) => url.endsWith('query/'))).toHaveLength(11); // ten pages, and a look behind the last
  expect(most).toBeLessThanOrEqual(2);
  expect(told.slice(-2)).toEqual([95, 95]);
});

test('rows before the offset are left out, and answers that stop short are asked again', async ({
  serve,
  read,
  folder,
}) => {
  const { client } = await serve([servedTable(TABLE, { maxRows: 4 })]);
  expect(await read(client, {}, { offset: 20 })).toBe(75);
  expect(await staged(folder)).toEqual([[75, 75, 75, 20, 75]]);
});

test('a page that fails is read again, without a row twice; a source that asks for a pause uses up no attempt', async ({
  serve,
  read,
  folder,
}) => {
  const left = new Map([
    [17, [json(503, { error: 'busy' })]],
    [37, [1, 2, 3].map(() => json(429, { error: 'slow down' }, { 'retry-after': '0' }))],
  ]);
  const instead = ({ body }: { body: unknown }, operation: string) =>
    operation === 'query' ? left.get((body as { offset: number }).offset)?.pop() : undefined;
  const { client } = await serve([servedTable(TABLE, { maxRows: 7, instead })]);
  expect(await read(client, {}, { pageBytes: 500 })).toBe(95);
  expect([...left.values()].flat()).toEqual([]);
  expect(await staged(folder)).toEqual([[95, 95, 95, 0, 95]]);
});

const busyAtSeven = ({ body }: { body: unknown }, operation: string) =>
  operation === 'query' && (body as { offset: number }).offset === 7
    ? json(503, { error: 'busy' })
    : undefined;

test('a source that fails for good is told, and nothing of a page remains', async ({
  serve,
  read,
  folder,
}) => {
  const { client, seen } = await serve([servedTable(TABLE, { maxRows: 7, instead: busyAtSeven })]);
  await expectRejection(read(client, {}, { pageBytes: 1 }), 'SOURCE_UNAVAILABLE', /busy/); // a file for each row
  expect(seen.filter(({ body }) => (body as { offset?: number }).offset === 7)).toHaveLength(2 * 3); // two attempts at the page, each of which sends it three times
  expect((await readdir(folder)).filter((name) => name.startsWith('0-'))).toEqual([]);
});

test('a source that counts fewer rows than it has, or more, proves nothing', async ({ serve, read }) => {
  const fewer = await serve([servedTable(TABLE, { counted: 94 })]);
  await expectRejection(
    read(fewer.client),
    'SOURCE_BAD_BODY',
    /has more rows at version 3 than the 94 its server counts/,
  );
  const more = await serve([servedTable(TABLE, { counted: 96 })]);
  await expectRejection(read(more.client), 'SOURCE_SHORT', /no rows from 95 on/);
});

test('what is wrong with a page comes out of the thread as it went in', async ({ serve, read }) => {
  const { client } = await serve([servedTable({ types: { id: 'int64' }, rows: ROWS })]);
  await expectRejection(read(client), 'SCHEMA_MISMATCH', /lacks column "text"/);
});

test('a reading that is stopped ends with what stopped it', async ({ serve, read }) => {
  const { client } = await serve([servedTable(TABLE)]);
  const stop = new AbortController();
  const reading = read(client, { signal: stop.signal, onRows: () => stop.abort(new Error('stopped')) });
  await expect(reading).rejects.toThrow('stopped');
});
