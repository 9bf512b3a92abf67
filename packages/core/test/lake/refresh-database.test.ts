import { rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { commitRun } from '../../src/commit/commit-run.ts';
import { withDuckDB } from '@lance-offload/delta';
import { refreshDatabase } from '../../src/lake/refresh-database.ts';
import type { RunReport } from '../../src/commit/report.ts';
import { openLake, Staging } from '../../src/stage/staging.ts';
import { tapStore } from '../../../delta/test/store/tapped-store.ts';
import { keysOf } from '../../../delta/test/store/read-store.ts';
import { planOf, stageRun, test } from '../lake-fixture.ts';
import { offload, person } from '../merge/people.ts';
import { pathsOf } from '../paths-of.ts';

const SCD2 = { ingestionType: 'SCD_TYPE_2' } as const;

/** Publishes the next run of a table: 25 rows more. */
async function append(staging: Staging, destination: string, number = 0): Promise<RunReport> {
  const runId = `${destination}-20261122T101500Z-${number.toString(16).padStart(4, '0')}`;
  const plan = planOf({ destination, runId });
  await stageRun(plan, staging);
  return commitRun(plan, staging);
}

async function rowsOf(staging: Staging, sql: string): Promise<unknown[][]> {
  return withDuckDB({ file: pathsOf(staging).database }, async (connection) =>
    (await connection.runAndReadAll(sql)).getRowsJson(),
  );
}

/** How many rows the view of each table shows, by the tables' names. */
async function shown(staging: Staging): Promise<Record<string, unknown>> {
  const names = await rowsOf(
    staging,
    'SELECT view_name FROM duckdb_views() WHERE NOT internal ORDER BY view_name',
  );
  const counts: Record<string, unknown> = {};
  for (const name of names.flat().map(String))
    counts[name] = (await rowsOf(staging, `SELECT count(*)::INT FROM "${name}"`))[0]?.[0];
  return counts;
}

const logOf = (staging: Staging, table: string, version = 0): string =>
  path.join(pathsOf(staging).table(table), '_delta_log', `${String(version).padStart(20, '0')}.json`);

test('a commit replaces the views of its own table, and says of each at which version it is', async ({
  staging,
}) => {
  await append(staging, 'a');
  await append(staging, 'b');
  await append(staging, 'a', 1);
  expect(await shown(staging)).toEqual({ a: 50, b: 25 });
  expect(
    await rowsOf(staging, 'SELECT comment FROM duckdb_views() WHERE NOT internal ORDER BY view_name'),
  ).toEqual([
    [`Delta version 1 of ${staging.table('a').locate('')}`],
    [`Delta version 0 of ${staging.table('b').locate('')}`],
  ]);
});

test('of two commits at the same moment, the one that replaces the file last shows the other’s table too', async ({
  staging,
}) => {
  await append(staging, 'a');
  await append(staging, 'b');
  const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let holds = true;
  const slow = tapStore(staging.store, async ({ name, key }) => {
    if (!holds || name !== 'put' || key !== 'lake.duckdb') return;
    holds = false;
    reached.resolve();
    await goOn.promise;
  });
  const late = append(new Staging(slow), 'b', 1);
  await reached.promise; // it has made its file, without what comes now
  await append(staging, 'a', 1);
  await append(staging, 'c');
  expect(await shown(staging)).toEqual({ a: 50, b: 50, c: 25 });
  goOn.resolve();
  expect(await late).toMatchObject({ verified: true, notes: [] });
  expect(await shown(staging)).toEqual({ a: 50, b: 50, c: 25 });
});

test('a view that was lost with a commit that died comes back with the next commit of any table', async ({
  staging,
}) => {
  await append(staging, 'a');
  await append(staging, 'b');
  const before = await staging.store.get('lake.duckdb');
  await append(staging, 'a', 1);
  await staging.store.put('lake.duckdb', before ?? '');
  expect(await shown(staging)).toEqual({ a: 25, b: 25 });
  await append(staging, 'b', 1);
  expect(await shown(staging)).toEqual({ a: 50, b: 50 });
  expect(await keysOf(staging.store, '_offload/views/')).toEqual([
    `_offload/views/a/${'1'.padStart(20, '0')}`,
    `_offload/views/b/${'1'.padStart(20, '0')}`,
  ]);
});

for (const [what, body] of [
  ['is damaged', 'no database'],
  ['is empty', ''],
] as const)
  test(`a file that ${what} is built anew, with every table`, async ({ staging }) => {
    await append(staging, 'a');
    await append(staging, 'b');
    await staging.store.put('lake.duckdb', body);
    expect(await append(staging, 'b', 1)).toMatchObject({ notes: [] });
    expect(await shown(staging)).toEqual({ a: 25, b: 50 });
  });

test('a file that is missing is built anew, and so is one of a release before, or with somebody else’s views', async ({
  staging,
}) => {
  await append(staging, 'a');
  await append(staging, 'b');
  await rm(pathsOf(staging).database);
  await append(staging, 'b', 1);
  expect(await shown(staging)).toEqual({ a: 25, b: 50 });
  await rowsOf(staging, 'COMMENT ON VIEW a IS NULL');
  await rowsOf(staging, 'CREATE TABLE mine AS SELECT 1');
  await append(staging, 'b', 2);
  expect(await shown(staging)).toEqual({ a: 25, b: 75 });
  expect(await rowsOf(staging, 'SELECT count(*)::INT FROM duckdb_tables()')).toEqual([[0]]);
});

test('a lake that was moved has its views built anew by its next commit', async ({ staging }) => {
  await append(staging, 'a');
  await append(staging, 'b');
  const { root } = pathsOf(staging);
  await rename(root, `${root}-moved`);
  const moved = openLake(`${root}-moved`);
  await append(moved, 'b', 1);
  expect(await shown(moved)).toEqual({ a: 25, b: 50 });
});

test('a damaged table is left out and named, by later commits too, until it can be read', async ({
  staging,
}) => {
  await append(staging, 'damaged');
  const entry = logOf(staging, 'damaged');
  await rename(entry, `${entry}.kept`);
  await writeFile(entry, 'not a log entry');
  const { skipped } = await refreshDatabase(staging);
  expect(skipped.map(({ table }) => table)).toEqual(['damaged']);
  const note = expect.stringMatching(
    /^lake\.duckdb has no view of table "damaged": .*cannot be read as one$/,
  );
  for (const number of [0, 1])
    expect(await append(staging, 'documents', number)).toMatchObject({ verified: true, notes: [note] });
  expect(await shown(staging)).toEqual({ documents: 50 });
  await rm(entry);
  await rename(`${entry}.kept`, entry);
  expect(await append(staging, 'documents', 2)).toMatchObject({ notes: [] });
  expect(await shown(staging)).toEqual({ damaged: 25, documents: 75 });
});

test('a table that was taken out of the lake has no view any more', async ({ staging }) => {
  for (const table of ['a', 'b']) await append(staging, table);
  await rm(pathsOf(staging).table('a'), { recursive: true });
  await append(staging, 'b', 1);
  expect(await shown(staging)).toEqual({ b: 50 });
  expect(await keysOf(staging.store, '_offload/views/a/')).toEqual([]);
});

test('a log that was taken back to an earlier version is shown at that one', async ({ staging }) => {
  for (const number of [0, 1]) await append(staging, 'a', number);
  await append(staging, 'b');
  await rm(logOf(staging, 'a', 1));
  await rm(pathsOf(staging).database);
  for (const number of [1, 2]) await append(staging, 'b', number);
  expect(await shown(staging)).toEqual({ a: 25, b: 75 });
  expect(await keysOf(staging.store, '_offload/views/a/')).toEqual([]);
});

test('a table takes its name over from the view of another one’s open rows', async ({ staging }) => {
  await offload(staging, [person(1, 1, 'one'), person(2, 1, 'two')], SCD2);
  expect(await shown(staging)).toEqual({ documents: 2, documents_current: 2 });
  await append(staging, 'Documents_Current');
  expect(await shown(staging)).toEqual({ Documents_Current: 25, documents: 2 });
  await offload(staging, [person(1, 2, 'one, later'), person(2, 1, 'two')], SCD2);
  expect(await shown(staging)).toEqual({ Documents_Current: 25, documents: 3 });
});

test('of two tables whose names differ in case one has a view, and the other one is named', async ({
  staging,
}) => {
  await append(staging, 'Docs');
  const note = expect.stringMatching(/^lake\.duckdb has no view of table "docs": .*"docs" already exists/s);
  expect(await append(staging, 'docs')).toMatchObject({ verified: true, notes: [note] });
  expect(await append(staging, 'docs', 1)).toMatchObject({ verified: true, notes: [note] });
  expect(await shown(staging)).toEqual({ Docs: 25 });
});

test('deleted rows are replaced with the view, of this table alone', async ({ staging }) => {
  const people = [1, 2, 3, 4].map((id) => person(id, 1, `person ${id}`));
  for (const destination of ['a', 'ab'])
    for (const seq of [1, 2, 3])
      await offload(
        staging,
        seq === 1 ? people : people.slice(0, seq - 1).map(({ id }) => person(id, seq, 'new')),
        {
          destination,
        },
      );
  expect(await shown(staging)).toEqual({ a: 4, ab: 4 });
  expect(
    await rowsOf(
      staging,
      `SELECT count(*)::INT, count(*) FILTER (file LIKE '%/tables/a/%')::INT FROM lance_offload.deleted_rows`,
    ),
  ).toEqual([[2, 1]]);
});
