import { expect, test } from 'vitest';
import { scanQuery, type Search } from '@lance-offload/lancedb';
import { planColumns } from '../../src/plan/columns.ts';
import { lakeSchemaOf } from '../../src/plan/lake-schema.ts';
import { planSearch, showSearch } from '../../src/plan/search.ts';
import { pageScanOf, transformOf } from '../../src/plan/page-scan.ts';
import { planPages, runPlanSchema, selectionOf } from '../../src/plan/run-plan.ts';
import { searchQuery } from '../../../lancedb/src/search-query.ts';
import { column } from '../../../lancedb/test/arrow-bodies.ts';
import { expectCode } from '../../../base/test/expect-code.ts';
import { ID_AND_NAME, planOf } from '../lake-fixture.ts';

const vectors = (name: string, length: number, item = 'float') =>
  column(name, { type: 'fixed_size_list', length, fields: [column('item', item)] });
const MULTI = column('multi', { type: 'list', fields: [vectors('item', 4)] });
const ONE = [...ID_AND_NAME, vectors('vector', 4), MULTI, vectors('bits', 4, 'uint8')];
const TWO = [...ONE, vectors('image', 3, 'halffloat')];
const QUERY = [1, 2, 3, 4];

const problemsOf = (fields: readonly ReturnType<typeof column>[], options: object) =>
  planSearch(
    fields,
    { query_vector: QUERY, ...options },
    fields.map(({ name }) => name),
  ).problems;

test('the only vector column is found; lists of vectors and of bytes are none', () => {
  expect(planSearch(ONE, { query_vector: QUERY }, [])).toEqual({
    search: { k: 1000, vector: QUERY, vector_column: 'vector', prefilter: true },
    problems: [],
  });
});

test('of several vector columns one must be named, and they are', () => {
  expect(problemsOf(TWO, {})).toEqual([
    'vector_column: the table has 2 vector columns, name one: "vector", "image"',
  ]);
  const { search } = planSearch(TWO, { query_vector: [1, 2, 3], vector_column: 'image' }, []);
  expect(search?.vector_column).toBe('image');
});

test('a vector column that is not there, or is no vector, is refused with those there are', () => {
  expect(problemsOf(TWO, { vector_column: 'vectors' })).toEqual([
    'vector_column: there is no column "vectors"; did you mean "vector"?',
  ]);
  expect(problemsOf(ONE, { vector_column: 'multi' })).toEqual([
    'vector_column: "multi" is list<fixed_size_list<float>[4]>, and a search needs a fixed-size list of floats; the table has "vector"',
  ]);
  expect(problemsOf(ID_AND_NAME, {})).toEqual([
    'query_vector: the table has no vector column; leave query_vector out to read it',
  ]);
});

test('a query vector of another length than the column’s is refused with both', () => {
  expect(problemsOf(ONE, { query_vector: [1, 2] })).toEqual([
    expect.stringMatching(/^query_vector: has 2 numbers, and the vectors of "vector" have 4/),
  ]);
});

test('what of a search, of columns and of a cursor does not fit the table is reported at once', () => {
  const options = { query_vector: [1], vector_column: 'vector', columns: ['nme'], cursor_field: 'agee' };
  const error = expectCode(() => planColumns('t', ONE, options), 'CONFIG_INVALID');
  expect(error.details.problems?.map((problem) => problem.split(':', 1)[0])).toEqual([
    'columns',
    'cursor_field',
    'query_vector',
  ]);
});

test('a column called _distance is refused in a search unless it is left out, and offloaded by a scan', () => {
  const fields = [...ONE, column('_distance', 'double')];
  expect(problemsOf(fields, {})).toEqual([expect.stringMatching(/^query_vector: .*"_distance"/)]);
  expect(planColumns('t', fields, { query_vector: QUERY, columns: ['id'] }).search).toBeDefined();
  expect(planColumns('t', fields, {}).columns).toHaveLength(fields.length);
});

const SEARCH: Search = { k: 10, vector: QUERY, vector_column: 'vector', prefilter: true, nprobes: 3 };
const searching = planOf({ columns: ONE, search: SEARCH, sourceRows: 7, rowsPerPage: 10, offset: 2 });

test('a search is one page, sent as the API wants it, with the distance among named columns', () => {
  const [page, ...more] = [...planPages(searching)];
  expect([page, more]).toEqual([{ index: 0, offset: 2, limit: 7, scan: 'rows', repair: false }, []]);
  const scan = pageScanOf({ ...searching, selectsColumns: true, filter: 'id > 1' }, { scan: 'rows' });
  expect(searchQuery(scanQuery(scan, { offset: 2, limit: 7 }), SEARCH)).toEqual({
    k: 10,
    offset: 2,
    version: 3,
    vector: QUERY,
    vector_column: 'vector',
    prefilter: true,
    nprobes: 3,
    with_row_id: true,
    filter: 'id > 1',
    columns: ['id', 'name', 'vector', 'multi', 'bits', '_distance'],
  });
  expect(transformOf(searching, { scan: 'rows' }).hasDistance).toBe(true);
});

test('a plan with a search survives being written and read', () => {
  expect(runPlanSchema.parse(JSON.parse(JSON.stringify(searching)))).toEqual(searching);
});

test('the distance is a column of the lake behind those of the source', () => {
  const { fields } = lakeSchemaOf(searching);
  expect(fields.slice(ONE.length, ONE.length + 2)).toEqual([
    { name: '_distance', type: 'float', nullable: true, metadata: {} },
    expect.objectContaining({ name: '_run_id' }),
  ]);
});

test('searches are told apart from scans and from one another by all that shapes their answers', () => {
  const selections = [
    selectionOf(planOf()),
    ...[
      {},
      { k: 11 },
      { vector: [1, 2, 3, 5] },
      { vector_column: 'image' },
      { prefilter: false },
      { distance_type: 'dot' as const },
      { nprobes: 4 },
      { ef: 100 },
      { refine_factor: 2 },
      { fast_search: true },
      { bypass_vector_index: true },
      { lower_bound: 0 },
      { upper_bound: 0 },
    ].map((change) => selectionOf(planOf({ search: { ...SEARCH, ...change } }))),
  ];
  expect(new Set(selections).size).toBe(selections.length);
  expect(JSON.parse(selectionOf(planOf()))).not.toHaveProperty('search');
});

test('a search is said in words', () => {
  expect(showSearch(SEARCH, undefined)).toBe(
    'a search: up to 10 rows, the nearest to query_vector in "vector"',
  );
  expect(showSearch({ ...SEARCH, distance_type: 'dot' }, 'x')).toContain(
    'by dot distance of those that match',
  );
  expect(showSearch({ ...SEARCH, prefilter: false }, 'x')).toContain('of which those that match the filter');
});
