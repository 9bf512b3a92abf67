import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import type { TableOptions } from '@lance-offload/base';
import { openLake, type Staging, type RunPlan } from '@lance-offload/core';
import type { LanceClient } from '@lance-offload/lancedb';
import type { TableVerdict } from '../src/verdict.ts';
import { verifyTable, type VerifyProgress } from '../src/verify-table.ts';
import { expectRejection } from '../../base/test/expect-code.ts';
import { HandMadeTable, schemaOf } from '../../delta/test/hand-made-table.ts';
import { offloadTable, snapshotOf, type Row, type Types } from '../../core/test/merge/typed-table.ts';
import { json, test as served, type Seen } from '../../lancedb/test/http-server.ts';
import { inFolder } from '../../base/test/in-folder.ts';
import { kindsOf } from './compared-lake.ts';
import { servedTable } from './served-table.ts';
import { pathsOf } from '../../core/test/paths-of.ts';

const TYPES: Types = { id: 'int64', at: 'int64', text: 'string' };
const ROWS: Row[] = Array.from({ length: 25 }, (_, id) => ({ id: BigInt(id), at: 5n, text: `row ${id}` }));
const TABLE = { types: TYPES, rows: ROWS };
const KEYED: Partial<RunPlan> = {
  ingestionType: 'SCD_TYPE_1',
  primaryKeys: ['id'],
  sequenceBy: 'at',
  deletes: 'snapshot',
  sourceVersion: 3,
};
const OPTIONS: TableOptions = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], sequence_by: 'at' };

/** A lake of the test's own, in a folder where verifications put their temporary files too. */
const test = served.extend<{ staging: Staging; verify: Verify }>({
  // oxlint-disable-next-line no-empty-pattern -- Vitest reads a fixture's needs off its parameter
  staging: async ({}, use) => {
    await inFolder(async (folder) => {
      vi.stubEnv('TMPDIR', folder);
      await use(openLake(path.join(folder, 'lake')));
      vi.unstubAllEnvs();
    });
  },
  verify: async ({ staging }, use) => {
    await use((source, options = OPTIONS, onProgress = () => undefined) =>
      verifyTable(
        { table: 'documents', destination: 'documents', options },
        {
          source,
          staging,
          onProgress,
          pageBytes: 65_536,
          attempts: { maxRetries: 0, initialDelayMs: 1 },
          signal: new AbortController().signal,
          show: 3,
        },
      ),
    );
  },
});

/** What verifications have left behind. */
async function leftovers({ store }: Staging): Promise<string[]> {
  return (await readdir(path.dirname(store.locate('')))).filter((name) => name.startsWith('lance-offload-'));
}

type Verify = (
  source: LanceClient,
  options?: TableOptions,
  onProgress?: (progress: VerifyProgress) => void,
) => Promise<TableVerdict>;

test('a lake is compared with its source at the version it holds; both are told as they are read', async ({
  serve,
  staging,
  verify,
}) => {
  await offloadTable(staging, TABLE, KEYED);
  const { client, seen } = await serve([servedTable(TABLE)]);
  const { url } = client;
  const steps: VerifyProgress[] = [];
  const verdict = await verify(client, { ...OPTIONS, batch_size: 10 }, (progress) => steps.push(progress));
  expect(verdict).toMatchObject({
    table: 'documents',
    ingestionType: 'SCD_TYPE_1',
    sourceVersion: 3,
    deltaVersion: 0,
    deletesVersion: 3,
    sourceRows: 25,
    lakeRows: 25,
    agrees: true,
    notes: [`the lake was filled from http://127.0.0.1:1, and is compared with ${url}`],
  });
  expect(kindsOf(verdict.findings)).toEqual({});
  expect(steps.filter(({ rows, of }) => rows === of).map(({ step, of }) => `${step} ${of}`)).toEqual([
    'lake 25',
    'source 25',
  ]);
  const bodies = seen
    .filter(({ url: asked }) => /(?:query|count_rows|describe)\/$/.test(asked))
    .map(({ body }) => body);
  expect(bodies.every((body) => (body as { version: number }).version === 3)).toBe(true);
  expect(await leftovers(staging)).toEqual([]);
});

test('differences of each kind are counted, and so many of them named', async ({
  serve,
  staging,
  verify,
}) => {
  await offloadTable(staging, TABLE, KEYED);
  const changed = ROWS.map((row) => (Number(row['id']) < 5 ? { ...row, text: 'changed' } : row)).slice(0, 24);
  const { client } = await serve([servedTable({ types: TYPES, rows: changed })]);
  const verdict = await verify(client);
  expect(verdict.agrees).toBe(false);
  expect(kindsOf(verdict.findings)).toEqual({ extra: [24], different: [0, 1, 2] });
  expect(verdict.findings.different.count).toBe(5);
});

for (const place of ['primary_keys', 'sequence_by']) {
  test(`rows whose ${place} differ in what the lake cuts are not taken for its rows`, async ({
    serve,
    staging,
    verify,
  }) => {
    const rules =
      place === 'primary_keys'
        ? { ...KEYED, primaryKeys: ['at'], sequenceBy: null }
        : { ...KEYED, primaryKeys: ['text'], sequenceBy: 'at' };
    const lake = { types: { at: 'timestamp:us:-', text: 'string' }, rows: [{ at: 1n, text: 'a' }] };
    await offloadTable(staging, lake, rules);
    const rows = [1000n, 1001n, 1999n].map((at) => ({ at, text: 'a' }));
    const { client } = await serve([servedTable({ types: { ...lake.types, at: 'timestamp:ns:-' }, rows })]);
    const error = await expectRejection(
      verify(client),
      'KEY_INEXACT',
      /"at".* with nanoseconds, which the lake cuts/,
    );
    expect(error.words).toMatch(/, such as _rowid 1 \(at=1970-01-01T00:00:00.000001001\)$/);
  });
}

test('row ids that come twice prove that the source was not read well', async ({
  serve,
  staging,
  verify,
}) => {
  await offloadTable(staging, TABLE, KEYED);
  const { client } = await serve([
    servedTable(TABLE, { scan: [...ROWS.keys()].map((place) => (place === 9 ? 8 : place)) }),
  ]);
  await expectRejection(
    verify(client),
    'SOURCE_BAD_BODY',
    /the 25 rows its server counts at version 3 came with 24 distinct row ids/,
  );
  expect(await leftovers(staging)).toEqual([]);
});

test('a version that is gone, or has other columns, is told', async ({ serve, staging, verify }) => {
  await offloadTable(staging, TABLE, KEYED);
  const gone = await serve([json(404, { error: 'version 3 not found' })]);
  await expectRejection(
    verify(gone.client),
    'VERSION_GONE',
    /describe table "documents".*version 3 not found/,
  );
  const other = await serve([servedTable({ types: { id: 'int64', at: 'int64' }, rows: ROWS })]);
  await expectRejection(
    verify(other.client),
    'SCHEMA_MISMATCH',
    /has no column "text", which the lake took from it/,
  );
});

test('a table that is not in the lake, is not ours, or holds another table is told by name', async ({
  serve,
  staging,
  verify,
}) => {
  const { client, seen } = await serve([servedTable(TABLE)]);
  await offloadTable(staging, TABLE, { ...KEYED, destination: 'others' });
  await expectRejection(
    verify(client),
    'LAKE_NOT_FOUND',
    /no table "documents" \(it has: others\); lance-offload run documents/,
  );
  await new HandMadeTable(staging.table('documents')).commit(1, { schema: schemaOf({ id: 'long' }) });
  await expectRejection(verify(client), 'LAKE_UNAVAILABLE', /"documents" was not made by lance-offload/);
  await rm(pathsOf(staging).table('documents'), { recursive: true });
  await offloadTable(staging, TABLE, { ...KEYED, table: 'people' });
  await expectRejection(
    verify(client),
    'LAKE_UNAVAILABLE',
    /"documents" holds the table "people", not "documents"/,
  );
  expect(seen).toEqual([]);
});

test('a data file or a deletion vector that is gone is told by its path', async ({
  serve,
  staging,
  verify,
}) => {
  await offloadTable(staging, TABLE, KEYED);
  const changed = ROWS.map((row) => (row['id'] === 7n ? { ...row, at: 6n } : row));
  await offloadTable(staging, { types: TYPES, rows: changed }, KEYED);
  const { client } = await serve([servedTable({ types: TYPES, rows: changed })]);
  expect((await verify(client)).agrees).toBe(true);
  const folder = pathsOf(staging).table('documents');
  const [first] = (await snapshotOf(staging)).files;
  await rm(path.join(folder, first?.path ?? ''));
  await expectRejection(verify(client), 'LAKE_UNAVAILABLE', /cannot be read: .*page-000000\.\w+\.parquet/s);
  const vector = (await readdir(folder)).find((name) => name.startsWith('deletion_vector_'));
  await rm(path.join(folder, vector ?? ''));
  await expectRejection(verify(client), 'LAKE_UNAVAILABLE', /deletion_vector_/);
});

test('what the configuration selects by now is told, and not compared', async ({
  serve,
  staging,
  verify,
}) => {
  const { client } = await serve([servedTable(TABLE)]);
  await offloadTable(staging, TABLE, { ...KEYED, source: client.url });
  expect((await verify(client)).notes).toEqual([]);
  const now: TableOptions = {
    ...OPTIONS,
    columns: ['id', 'at'],
    filter_expression: 'id > 3',
    cursor_field: 'at',
    version: 9,
  };
  expect((await verify(client, now)).notes).toEqual([
    'the configuration has changed since the last commit (cursor_field is "at", and was none; filter_expression is "id > 3", and was none; version is 9, and was 3; columns: without "text"); compared is what was committed',
  ]);
  expect((await verify(client, { ...OPTIONS, primary_keys: ['key'] })).notes).toEqual([
    expect.stringMatching(
      /does not fit the committed version any more \(.*no column "key".*\); compared is what was committed/,
    ),
  ]);
});

/** A server whose version 3 was written then. */
const listed = (timestamp: string) => (request: Seen, operation: string) =>
  request.url.includes('/version/') && operation === 'list'
    ? json(200, { versions: [{ version: 3, timestamp }] })
    : undefined;

for (const [lake, changes] of [
  ['recorded when its version was written', { identity: { version: 3, at: '2026-11-22T10:00:00.000Z' } }],
  ['recorded nothing, and was filled before', {}],
] as const) {
  test(`a table that was made anew is not compared, though its rows are the same, where the lake ${lake}`, async ({
    serve,
    staging,
    verify,
  }) => {
    await offloadTable(staging, TABLE, { ...KEYED, ...changes });
    const anew = await serve([servedTable(TABLE, { instead: listed('2126-11-22T10:00:00Z') })]);
    await expectRejection(
      verify(anew.client),
      'VERSION_GONE',
      /was dropped and made anew at the source since the lake's last commit/,
    );
    const same = await serve([servedTable(TABLE, { instead: listed('2026-11-22T10:00:00Z') })]);
    expect(await verify(same.client)).toMatchObject({ agrees: true });
  });
}
