import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { tableOptionsSchema } from '../../src/config/table-options.ts';
import { expectRejection } from '../expect-code.ts';
import { inFolder } from '../in-folder.ts';

const FILE = 'connection: { api_key: k, project_name: p }\nlake: l\n';

function load(source: string) {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'offload.yaml');
    await writeFile(file, source);
    return loadConfig(file, {});
  });
}

async function problemsOf(options: string, head = FILE): Promise<readonly string[]> {
  const error = await expectRejection(load(`${head}tables: { t: { ${options} } }\n`), 'CONFIG_INVALID');
  return (error.details.problems ?? []).map((problem) => problem.replace(/^tables\.t\./, ''));
}

async function optionsOf(options: string): Promise<unknown> {
  return (await load(`${FILE}tables: { t: { ${options} } }\n`)).tables?.get('t');
}

test('every option of a search is taken as it is, or as a string that holds JSON', async () => {
  const search = {
    query_vector: [0.5, -1, 2e-3],
    vector_column: 'embedding',
    distance_type: 'cosine',
    nprobes: 20,
    ef: 2000,
    refine_factor: 2,
    fast_search: true,
    bypass_vector_index: false,
    prefilter: false,
    lower_bound: -0.5,
    upper_bound: 1,
    use_full_scan: false,
    batch_size: 100,
  };
  expect(await optionsOf(JSON.stringify(search).slice(1, -1))).toEqual(search);
  const asText = Object.entries(search).map(([name, value]) => [
    name,
    typeof value === 'string' ? value.toUpperCase() : JSON.stringify(value),
  ]);
  const text = JSON.stringify({ ...Object.fromEntries(asText), vector_column: 'embedding' });
  expect(await optionsOf(text.slice(1, -1))).toEqual(search);
});

test.for([
  ['query_vector: []', 'query_vector'],
  ['query_vector: 0.5', 'query_vector'],
  ['query_vector: "[0.1, 0.2"', 'query_vector'],
  ['query_vector: [0.1, "0.2", null, true]', 'query_vector'],
  ['query_vector: [.inf, 1]', 'query_vector'],
  ['query_vector: [1, .nan]', 'query_vector'],
  ['query_vector: "[1, 1e999]"', 'query_vector'],
  ['query_vector: [1, 4e38]', 'query_vector'],
  ['query_vector: [[1, 2], [3, 4]]', 'query_vector'],
  ['query_vector: [1], vector_column: ""', 'vector_column'],
  ['query_vector: [1], distance_type: hamming', 'distance_type'],
  ['query_vector: [1], nprobes: 0', 'nprobes'],
  ['query_vector: [1], nprobes: 4294967296', 'nprobes'],
  ['query_vector: [1], ef: 1.5', 'ef'],
  ['query_vector: [1], refine_factor: 0', 'refine_factor'],
  ['query_vector: [1], fast_search: sometimes', 'fast_search'],
  ['query_vector: [1], bypass_vector_index: 1', 'bypass_vector_index'],
  ['query_vector: [1], prefilter: "no"', 'prefilter'],
  ['query_vector: [1], lower_bound: .inf', 'lower_bound'],
  ['query_vector: [1], upper_bound: far', 'upper_bound'],
  ['use_full_scan: maybe', 'use_full_scan'],
] as const)('an option of a search that is out of range is one problem: %s', async ([options, name]) => {
  expect(await problemsOf(options)).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
});

test.for([
  'vector_column: v',
  'distance_type: l2',
  'nprobes: 5',
  'ef: 5',
  'refine_factor: 5',
  'fast_search: true',
  'bypass_vector_index: true',
  'prefilter: false',
  'lower_bound: 0',
  'upper_bound: 0',
])('without a query_vector %s is refused, with what to do', async (option) => {
  const [name = ''] = option.split(':');
  expect(await problemsOf(option)).toEqual([
    `${name}: says something of a search only; give its query_vector, or leave ${name} out`,
  ]);
});

test('flags that are off, and a prefilter that is on, say nothing and need no query_vector', async () => {
  const harmless = { fast_search: false, bypass_vector_index: false, prefilter: true };
  expect(await optionsOf(JSON.stringify(harmless).slice(1, -1))).toEqual(harmless);
});

test.for([
  ['use_full_scan: false', /^use_full_scan: .*query_vector.*leave use_full_scan out/],
  ['query_vector: [1], use_full_scan: true', /^use_full_scan: .*leave query_vector out/],
  ['query_vector: [1], lower_bound: 2, upper_bound: 2', /^lower_bound: must be less than upper_bound/],
  ['query_vector: [1], lower_bound: 3, upper_bound: "2"', /^lower_bound: must be less than upper_bound/],
  ['query_vector: [1], bypass_vector_index: true, nprobes: 3', /^nprobes: .*bypass_vector_index/],
  ['query_vector: [1], bypass_vector_index: true, ef: 3000', /^ef: .*bypass_vector_index/],
  ['query_vector: [1], bypass_vector_index: true, refine_factor: 3', /^refine_factor: .*bypass_vector_index/],
  ['query_vector: [1], bypass_vector_index: true, fast_search: true', /^fast_search: .*bypass_vector_index/],
  ['query_vector: [1], batch_size: 10, ef: 9', /^ef: must be at least 10/],
  ['query_vector: [1], ef: 999', /^ef: must be at least 1000/],
  ['query_vector: [1], batch_size: 10, offset: 5, refine_factor: 2, ef: 29', /^ef: must be at least 30/],
  ['query_vector: [0, 0], distance_type: cosine', /^query_vector: a vector of zeros has no direction/],
  ['query_vector: [1], cursor_field: at', /^cursor_field: a search reads the nearest rows/],
  [
    'query_vector: [1], ingestion_type: SCD_TYPE_1, primary_keys: [id]',
    /^query_vector: SCD_TYPE_1 .*APPEND_ONLY/,
  ],
] as const)(
  'options that contradict each other are refused, with what to do: %s',
  async ([options, words]) => {
    expect(await problemsOf(options)).toEqual([expect.stringMatching(words)]);
  },
);

test('a search under SCD that is to detect deletes is refused for both', async () => {
  const options = 'query_vector: [1], ingestion_type: SCD_TYPE_2, primary_keys: [id], detect_deletes: true';
  expect(await problemsOf(options)).toEqual([
    expect.stringMatching(/^query_vector: SCD_TYPE_2/),
    expect.stringMatching(/^detect_deletes: a search does not see every row/),
  ]);
});

test('options that are wrong by themselves and options that contradict each other are reported together', async () => {
  const error = await expectRejection(
    load(`
connection: { api_key: k, project_name: p, externalOptionsAllowList: "batch_size, query_vector, use_full_scan, nprobes, ef, primary_keys" }
lake: l
tables:
  a: { batch_size: 0, nprobes: 5, primary_keys: [id] }
  b: { query_vector: "[oops", ef: 5 }
  c: { use_full_scan: false, ofset: 3, offset: 1 }
`),
    'CONFIG_INVALID',
  );
  expect(error.details.problems?.map((problem) => problem.split(': ', 1)[0])).toEqual([
    'tables.a.batch_size',
    'tables.b.query_vector',
    'tables.c.ofset',
    'tables.a.nprobes',
    'tables.b.ef',
    'tables.c.offset',
    'tables.c.use_full_scan',
  ]);
});

test('a filter reaches the plan as it is written, white space and all', async () => {
  const filter = "  name = 'a  b'  -- c \n";
  expect(await optionsOf(`filter_expression: ${JSON.stringify(filter)}`)).toEqual({
    filter_expression: filter,
  });
});

const GOOD: Readonly<Record<string, unknown>> = {
  columns: ['id'],
  use_full_scan: true,
  batch_size: 1000,
  filter_expression: 'id > 1',
  with_row_id: true,
  offset: 0,
  version: 1,
  query_vector: [1],
  vector_column: 'v',
  distance_type: 'l2',
  nprobes: 1,
  ef: 1000,
  refine_factor: 1,
  fast_search: true,
  bypass_vector_index: true,
  prefilter: true,
  lower_bound: 0,
  upper_bound: 1,
  ingestion_type: 'APPEND_ONLY',
  primary_keys: ['id'],
  sequence_by: 'id',
  cursor_field: 'id',
  change_tracking: 'row_version',
  detect_deletes: false,
  binary_columns: 'keep',
  destination_table: 'd',
  schedule: '0 * * * *',
};

function headOf(allowed: readonly string[]): string {
  return `connection: { api_key: k, project_name: p, externalOptionsAllowList: "tableName, ${allowed.join(',')}" }\nlake: l\n`;
}

test('externalOptionsAllowList lets in the options it names, and no other option there is', async () => {
  const options = Object.keys(tableOptionsSchema.shape);
  expect(Object.keys(GOOD)).toEqual(options);
  for (const name of options) {
    const option = `${name}: ${JSON.stringify(GOOD[name])}`;
    const refused = `${name}: not in connection.externalOptionsAllowList`;
    const others = options.filter((other) => other !== name);
    expect(await problemsOf(option, headOf(others))).toContain(refused);
    const allowed = await problemsOf(`${option}, unknown_key: 1`, headOf([name]));
    expect(allowed).not.toContain(refused);
  }
});
