import { expect } from 'vitest';
import {
  createDocuments,
  indexDocuments,
  makeDocuments,
  neighbours,
  QUERY,
  type Document,
  type Neighbour,
} from '../src/documents.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { offloadEach, type Offloaded } from '../src/search-runs.ts';

const DOCUMENTS = makeDocuments(2000);
const SEARCH = { query_vector: QUERY, batch_size: 50 };

const idsOf = (rows: readonly Neighbour[]) => rows.map(({ id }) => id);

/** Distances are single precision in the lake. */
function expectExactly({ report, ids, distances }: Offloaded, expected: readonly Neighbour[]): void {
  expect(report).toMatchObject({ state: 'published', verified: true, pages: 1, requests: 1 });
  expect(ids).toEqual(idsOf(expected));
  for (const [index, { distance }] of expected.entries()) expect(distances[index]).toBeCloseTo(distance, 4);
}

/** How many of the nearest a search has found. */
function foundOf({ ids }: Offloaded, expected: readonly Neighbour[]): number {
  return idsOf(expected).filter((id) => ids.includes(id)).length;
}

test('a query_vector offloads the batch_size rows nearest to it with their distance, 1,000 where no batch_size is given; offset leaves out the nearest', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const { top, all, behind, plain } = await offloadEach(world, 'docs', {
    top: SEARCH,
    all: { query_vector: QUERY },
    behind: { ...SEARCH, offset: 7 },
    plain: { columns: ['id'] },
  });
  const expected = neighbours(DOCUMENTS);
  expectExactly(top, expected.slice(0, 50));
  expectExactly(all, expected.slice(0, 1000));
  expectExactly(behind, expected.slice(7, 57));
  const { id = 0 } = expected[0] ?? {};
  expect(top.rows[0]).toMatchObject({ id, kind: DOCUMENTS[id]?.kind, text: DOCUMENTS[id]?.text });
  expect(top.queries).toEqual([
    {
      vector: QUERY,
      vector_column: 'text',
      k: 50,
      offset: 0,
      version: 1,
      prefilter: true,
      with_row_id: true,
    },
  ]);
  expect(plain.queries).toMatchObject([{ vector: [], columns: ['id'] }, { vector: [] }]);
  expect(plain.rows).toHaveLength(2000);
});

test('values written as strings of JSON are sent as what they mean, and columns and row ids come as in a scan', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const { texts } = await offloadEach(world, 'docs', {
    texts: {
      query_vector: JSON.stringify(QUERY),
      batch_size: '20',
      columns: '["id"]',
      use_full_scan: 'false',
      with_row_id: 'true',
      distance_type: 'COSINE',
      upper_bound: '0.9',
      filter_expression: "kind = 'mail'",
    },
  });
  const mails = DOCUMENTS.filter(({ kind }) => kind === 'mail');
  expectExactly(texts, neighbours(mails, 'cosine').slice(0, 20));
  expect(Object.keys(texts.rows[0] ?? {})).toEqual(['id', '_distance', '_rowid']);
  expect(texts.queries).toMatchObject([
    {
      k: 20,
      columns: ['id', '_distance'],
      distance_type: 'cosine',
      upper_bound: 0.9,
      filter: "kind = 'mail'",
    },
  ]);
});

test('vector_column chooses among several vector columns, and is demanded there', async ({ world }) => {
  await createDocuments(world.uri, 'both', DOCUMENTS, 'two vectors');
  const vector = [0.5, 0.25, 0.75, 0.5];
  const { image } = await offloadEach(world, 'both', {
    image: { query_vector: vector, vector_column: 'image', batch_size: 30 },
    text: { ...SEARCH, vector_column: 'text' },
  });
  const byImage = DOCUMENTS.map((document): Document => ({ ...document, text: document.image }));
  expectExactly(image, neighbours(byImage, 'l2', vector).slice(0, 30));
  expect(image.queries).toMatchObject([{ vector_column: 'image' }]);

  await world.serve({ tables: { both: { query_vector: vector } } });
  const { code, err } = await world.offload('plan');
  expect(code).toBe(78);
  expect(err).toContain('vector_column: the table has 2 vector columns, name one: "text", "image"');
});

test('distance_type decides what near means: l2, cosine or dot', async ({ world }) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const runs = await offloadEach(world, 'docs', {
    l2: { ...SEARCH, distance_type: 'l2' },
    cosine: { ...SEARCH, distance_type: 'cosine' },
    dot: { ...SEARCH, distance_type: 'dot' },
  });
  for (const type of ['l2', 'cosine', 'dot'] as const) {
    expectExactly(runs[type], neighbours(DOCUMENTS, type).slice(0, 50));
    expect(runs[type].queries).toMatchObject([{ distance_type: type }]);
  }
});

test('nprobes says how much of an IVF index is looked at: all of it finds all, a part fewer, and the report says so', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  await indexDocuments(world.uri, 'docs', 'ivfFlat');
  const k = 400;
  const { one, every } = await offloadEach(world, 'docs', {
    one: { ...SEARCH, batch_size: k, nprobes: 1 },
    every: { ...SEARCH, batch_size: k, nprobes: 20 },
  });
  expectExactly(every, neighbours(DOCUMENTS).slice(0, k));
  expect(every.queries).toMatchObject([{ nprobes: 20 }]);
  expect(one.rows.length).toBeLessThan(k);
  expect(one.report).toMatchObject({
    verified: true,
    sourceRows: one.rows.length,
    lakeRows: one.rows.length,
  });
  expect(one.report.notes.join()).toContain(
    `the search was answered with ${one.rows.length} of up to ${k} rows`,
  );
});

test('refine_factor replaces the estimates of a quantized index by exact distances, and bypass_vector_index leaves the index aside', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  await indexDocuments(world.uri, 'docs', 'ivfPq');
  const { estimated, refined, bypassed } = await offloadEach(world, 'docs', {
    estimated: { ...SEARCH, nprobes: 4 },
    refined: { ...SEARCH, nprobes: 4, refine_factor: 40 },
    bypassed: { ...SEARCH, bypass_vector_index: true },
  });
  const expected = neighbours(DOCUMENTS).slice(0, 50);
  expectExactly(refined, expected);
  expectExactly(bypassed, expected);
  expect(refined.queries).toMatchObject([{ refine_factor: 40 }]);
  expect(bypassed.queries).toMatchObject([{ bypass_vector_index: true }]);
  expect(foundOf(estimated, expected)).toBeLessThan(50);
});

test('ef says how many candidates of an HNSW graph are weighed: more of them find more of the nearest', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  await indexDocuments(world.uri, 'docs', 'hnsw');
  const { few, many } = await offloadEach(world, 'docs', {
    few: { ...SEARCH, ef: 50 },
    many: { ...SEARCH, ef: 2000 },
  });
  const expected = neighbours(DOCUMENTS).slice(0, 50);
  expect(many.queries).toMatchObject([{ ef: 2000 }]);
  expect(foundOf(many, expected)).toBeGreaterThan(foundOf(few, expected));
});

test('fast_search leaves out the rows that came after the index, and is refused where there is none', async ({
  world,
}) => {
  const [first, later] = [DOCUMENTS.slice(0, 1500), DOCUMENTS.slice(1500)];
  await createDocuments(world.uri, 'docs', first);
  await indexDocuments(world.uri, 'docs', 'ivfFlat');
  await editTable(world.uri, 'docs', (table) =>
    table.add(later.map(({ id, kind, text }) => ({ id, kind, text }))),
  );
  const { fast, thorough } = await offloadEach(world, 'docs', {
    fast: { ...SEARCH, nprobes: 20, fast_search: true },
    thorough: { ...SEARCH, nprobes: 20 },
  });
  expectExactly(fast, neighbours(first).slice(0, 50));
  expectExactly(thorough, neighbours(DOCUMENTS).slice(0, 50));
  expect(fast.queries).toMatchObject([{ fast_search: true }]);

  await createDocuments(world.uri, 'bare', first);
  await world.serve({ tables: { bare: { ...SEARCH, fast_search: true } } });
  const { code, err } = await world.offload('plan');
  expect(code).toBe(78);
  expect(err).toContain('fast_search: reads indexed rows only, and "text" has no index at version 1');
});

test('prefilter decides whether the nearest that match are offloaded, or those of the nearest that match', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const filter = "kind = 'mail'";
  const { first, after, bare } = await offloadEach(world, 'docs', {
    first: { ...SEARCH, filter_expression: filter },
    after: { ...SEARCH, filter_expression: filter, prefilter: false },
    bare: { ...SEARCH, prefilter: false },
  });
  const isMail = ({ id }: Neighbour) => DOCUMENTS[id]?.kind === 'mail';
  const all = neighbours(DOCUMENTS);
  expectExactly(first, all.filter(isMail).slice(0, 50));
  expectExactly(after, all.slice(0, 50).filter(isMail));
  expectExactly(bare, all.slice(0, 50));
  expect(after.queries).toMatchObject([{ prefilter: false, filter }]);
  expect(after.report.sourceRows).toBe(after.rows.length);
});

test('lower_bound and upper_bound keep the rows between two distances; where there are none, the lake gets none', async ({
  world,
}) => {
  await createDocuments(world.uri, 'docs', DOCUMENTS);
  const [lower, upper] = [0.8, 1.2];
  const { between, beyond, within, none } = await offloadEach(world, 'docs', {
    between: { ...SEARCH, lower_bound: lower, upper_bound: upper },
    beyond: { ...SEARCH, lower_bound: lower },
    within: { ...SEARCH, upper_bound: upper },
    none: { ...SEARCH, upper_bound: 0.001 },
  });
  const all = neighbours(DOCUMENTS);
  expectExactly(between, all.filter(({ distance }) => distance >= lower && distance < upper).slice(0, 50));
  expectExactly(beyond, all.filter(({ distance }) => distance >= lower).slice(0, 50));
  expectExactly(within, all.filter(({ distance }) => distance < upper).slice(0, 50));
  expect(between.queries).toMatchObject([{ lower_bound: lower, upper_bound: upper }]);
  expectExactly(none, []);
  expect(none.report).toMatchObject({ deltaVersion: 0, sourceRows: 0 });
});
