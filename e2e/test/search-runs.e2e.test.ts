import type { RunReport } from '@lance-offload/core';
import { expect } from 'vitest';
import { createDocuments, makeDocuments, neighbours, QUERY } from '../src/documents.ts';
import { editTable } from '../src/edit-table.ts';
import { readFiles } from '../src/files.ts';
import { test } from '../src/fixtures.ts';
import { Tampering } from '../src/tamper.ts';
import type { World } from '../src/world.ts';

const DOCUMENTS = makeDocuments(600);
const SEARCH = { query_vector: QUERY, batch_size: 20 };

async function reportOf(world: World, ...args: readonly string[]): Promise<RunReport | undefined> {
  const { tables } = await world.ask<{ readonly tables: readonly RunReport[] }>('run', ...args);
  return tables[0];
}

/** Rows of each run, by its id: ids of runs within one second sort in no fixed order. */
async function rowsByRun(world: World): Promise<Record<string, unknown>> {
  const rows = await world.lake.sql('SELECT _run_id, count(*)::INT AS n FROM docs GROUP BY ALL');
  return Object.fromEntries(rows.map(({ _run_id, n }) => [String(_run_id), n]));
}

test('a search that the lake holds is not asked again; another query, version or number of rows is appended beside it', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const source = await world.serve({ tables: { docs: SEARCH } });
  await world.worker();
  const first = await reportOf(world);
  expect(first).toMatchObject({ state: 'published', sourceRows: 20 });
  expect(await reportOf(world)).toMatchObject({ state: 'unchanged' });
  expect(source.queries('docs')).toHaveLength(1);

  await editTable(world.uri, 'docs', (table) => table.delete('id < 300'));
  const changes = [
    { ...SEARCH, version: 1, query_vector: QUERY.toReversed() },
    { ...SEARCH, version: 1, batch_size: 21 },
    SEARCH,
  ];
  const runs = [String(first?.runId)];
  for (const docs of changes) {
    await world.configure(source.url, { tables: { docs } });
    const report = await reportOf(world);
    expect(report).toMatchObject({ state: 'published', verified: true });
    runs.push(String(report?.runId));
  }
  const rows = await rowsByRun(world);
  expect(Object.keys(rows)).toHaveLength(runs.length);
  expect(runs.map((run) => rows[run])).toEqual([20, 20, 21, 20]);
  const latest = await world.lake.sql(`SELECT id FROM docs WHERE _run_id = '${runs[3]}' ORDER BY _distance`);
  const left = neighbours(DOCUMENTS.slice(300)).slice(0, 20);
  expect(latest).toEqual(left.map(({ id }) => ({ id })));
});

test('version: an older version of the table is searched and scanned as it was', async ({ world }) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  await editTable(world.uri, 'docs', (table) => table.delete('id < 500'));
  const source = await world.serve({ tables: { docs: { ...SEARCH, version: '1' } } });
  await world.worker();
  expect(await reportOf(world)).toMatchObject({ sourceVersion: 1, sourceRows: 20 });
  const nearest = await world.lake.sql('SELECT id FROM docs ORDER BY _distance');
  expect(nearest).toEqual(
    neighbours(DOCUMENTS)
      .slice(0, 20)
      .map(({ id }) => ({ id })),
  );
  await world.configure(source.url, { tables: { docs: { version: 1, destination_table: 'all' } } });
  expect(await reportOf(world)).toMatchObject({ sourceVersion: 1, sourceRows: 600 });
});

test('verify asks a search again and agrees; a row that is lost or changed in the lake is found', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const source = await world.serve({ tables: { docs: { ...SEARCH, offset: 3 } } });
  await world.worker();
  await reportOf(world);
  expect((await world.offload('verify')).code).toBe(0);
  expect(source.queries('docs')).toHaveLength(2);

  const tampering = new Tampering(world.lake.staging, 'docs');
  const [file] = await tampering.files();
  if (!file) throw new Error('one page was expected');
  await tampering.rewrite(
    file,
    `SELECT * REPLACE (CASE WHEN _distance = (SELECT min(_distance) FROM page) THEN 'x' ELSE kind END AS kind) FROM page`,
  );
  const { code, out } = await world.offload('verify', '--json');
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    tables: [{ sourceRows: 20, findings: { different: { count: 1 } } }],
  });

  await world.configure(source.url, { tables: { docs: SEARCH } });
  expect((await world.offload('verify')).out).toContain('the configuration has changed');
});

test('plan says of a search that its rows are at most so many, and near what', async ({ world }) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  await world.serve({
    tables: { docs: { query_vector: QUERY, distance_type: 'dot', filter_expression: "kind = 'mail'" } },
  });
  const { code, out } = await world.offload('plan');
  expect(code).toBe(0);
  expect(out).toMatch(/docs .* ≤ 120 .* 1 /);
  expect(out).toContain(
    'docs: a search: up to 1000 rows, the nearest to query_vector in "text" by dot distance of those that match the filter',
  );
});

test('what of a search does not fit the table is refused all at once, before anything is enqueued', async ({
  world,
  fleetRedis,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS, 'two vectors');
  const source = await world.serve({
    tables: {
      docs: { query_vector: QUERY, vector_column: 'txt', columns: ['id', 'knd'] },
    },
  });
  await world.worker();
  const { code, err } = await world.offload('plan');
  expect(code).toBe(78);
  expect(err).toContain('columns: table "docs" has no column "knd"; did you mean "kind"?');
  expect(err).toContain('vector_column: there is no column "txt"; did you mean "text"?');

  const short = { query_vector: [1, 2, 3], vector_column: 'text' };
  await world.configure(source.url, { tables: { docs: short } });
  const run = await world.offload('run');
  expect(run.code).toBe(1);
  expect(run.out + run.err).toContain('query_vector: has 3 numbers, and the vectors of "text" have 16');
  expect(await fleetRedis.enqueuedPages()).toBe(0);
  expect(source.queries('docs')).toEqual([]);
  expect([...(await readFiles(world.folder)).keys()].filter((file) => file.endsWith('.parquet'))).toEqual([]);
});

test('a search whose answer would be larger than page_bytes is refused with what to do', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', makeDocuments(1500), 'two vectors');
  await world.serve({
    page_bytes: '64KiB',
    tables: { docs: { query_vector: QUERY, vector_column: 'text' } },
  });
  const { code, err } = await world.offload('plan');
  expect(code).toBe(78);
  expect(err).toMatch(
    /batch_size: the 1000 nearest rows are some \d+ bytes, .*lower batch_size, name fewer columns/,
  );
});
