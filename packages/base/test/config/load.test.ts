import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, sourceUrl, type Config, type Environment } from '../../src/config/load.ts';
import type { OffloadError } from '../../src/errors/offload-error.ts';
import { expectRejection } from '../expect-code.ts';
import { inFolder } from '../in-folder.ts';

const KEY = 'sk_live-very+secret/key';
const ENVIRONMENT: Environment = { LANCEDB_API_KEY: KEY };
const CONNECTION = 'connection: { project_name: my-project }';

async function load(source: string, environment = ENVIRONMENT, name = 'offload.yaml'): Promise<Config> {
  return inFolder(async (folder) => {
    await writeFile(path.join(folder, name), source);
    return loadConfig(path.join(folder, name), environment);
  });
}

async function problemsOf(source: string, environment = ENVIRONMENT): Promise<readonly string[]> {
  const error = await expectRejection(load(source, environment), 'CONFIG_INVALID');
  expect(error.policy.exitCode).toBe(78);
  expectNoKey(error);
  return error.details.problems ?? [];
}

function expectNoKey(error: OffloadError): void {
  expect(JSON.stringify([error.message, error.details, error.hint])).not.toContain('very+secret');
}

async function optionsOf(options: string): Promise<unknown> {
  return (await load(`${CONNECTION}\nlake: lake\ntables:\n  t: ${options}\n`)).tables?.get('t');
}

test('a minimal file gets every default, and a lake beside it', async () => {
  const config = await load(`${CONNECTION}\nlake: ./lake\n`);
  expect(config).toMatchObject({
    connection: {
      api_key: KEY,
      project_name: 'my-project',
      region: 'us-east-1',
      max_retries: 5,
      initial_retry_delay: 1,
      request_timeout: 30,
    },
    ingestion_type: 'APPEND_ONLY',
    page_bytes: 64 * 2 ** 20,
    queue_prefix: '{offload}',
    tables: undefined,
  });
  expect(config.lake).toBe(path.join(path.dirname(config.file), 'lake'));
  expect(sourceUrl(config.connection)).toBe('https://my-project.us-east-1.api.lancedb.com');
});

test('five mistakes are reported at once, each with its path', async () => {
  const problems = await problemsOf(`
connection: { project_name: "https://x", request_timeout: -1 }
lake: lake
page_bytes: 1 KB
tables:
  a: { batch_size: 20000 }
  b: { bach_size: 5 }
`);
  expect(problems).toEqual([
    'connection.project_name: must be a project name, not a URL',
    expect.stringMatching(/^connection\.request_timeout: /),
    'page_bytes: must be a size from 64 KiB to 1 GiB, such as 64MiB',
    expect.stringMatching(/^tables\.a\.batch_size: .*10000/),
    'tables.b.bach_size: unknown key; did you mean `batch_size`?',
  ]);
});

test('what is missing, of another kind or out of range is said in plain words, a bucket as the lake among the rest', async () => {
  const problems = await problemsOf(`connection: { api_key: k, max_retries: -1, request_timeout: 0 }
lake: s3://bucket/x
tables:
  a: { batch_size: 20000, columns: 5 }
  b: { ingestion_type: SCD_TYPE_3 }
`);
  expect(problems).toEqual([
    'connection.project_name: is missing',
    'connection.max_retries: must be at least 0',
    'connection.request_timeout: must be more than 0',
    'lake: must be the path of a folder, or file:///path; buckets (s3:// and the like) are not supported',
    'tables.a.columns: must be a list',
    'tables.a.batch_size: must be at most 10000',
    'tables.b.ingestion_type: must be one of APPEND_ONLY, SCD_TYPE_1, SCD_TYPE_2',
  ]);
});

test('an unknown key is reported with the nearest of its place, or alone where none is near', async () => {
  expect(
    await problemsOf(`connection: { project_name: p, regoin: x }\nlake: l\nlakes: l\nzzzzzz: 1\n`),
  ).toEqual([
    'connection.regoin: unknown key; did you mean `region`?',
    'lakes: unknown key; did you mean `lake`?',
    'zzzzzz: unknown key',
  ]);
});

test('variables are taken from the environment, in flow mappings too, whatever they hold', async () => {
  const odd = 'a: b # "c" }';
  const config = await load(
    'connection: { api_key: ${LANCEDB_API_KEY}, project_name: ${P}-x, host: "http://${H}:1" }\nlake: ${ODD}\n',
    { ...ENVIRONMENT, P: 'proj', H: '127.0.0.1', ODD: odd },
  );
  expect(config.connection).toMatchObject({
    api_key: KEY,
    project_name: 'proj-x',
    host: 'http://127.0.0.1:1',
  });
  expect(path.basename(config.lake)).toBe(odd);
});

test('a variable that is not set, or empty, is named', async () => {
  const problems = await problemsOf(
    'connection: { api_key: ${NO_SUCH}, project_name: p }\nlake: ${EMPTY}x\n',
    { EMPTY: '' },
  );
  expect(problems).toEqual(
    expect.arrayContaining([
      '${NO_SUCH}: the environment variable is not set',
      '${EMPTY}: the environment variable is not set',
    ]),
  );
});

test('without a key anywhere, the key’s path is reported', async () => {
  expect(await problemsOf(`${CONNECTION}\nlake: l\n`, {})).toEqual([
    expect.stringMatching(/^connection\.api_key: /),
  ]);
  expect(await problemsOf(`${CONNECTION}\nlake: l\n`, { LANCEDB_API_KEY: `${KEY} ${KEY}` })).toEqual([
    'connection.api_key: must not contain white space',
  ]);
});

test('REDIS_URL goes before the file', async () => {
  const source = `${CONNECTION}\nlake: l\nredis: redis://file:1\n`;
  expect((await load(source)).redis).toBe('redis://file:1');
  expect((await load(source, { ...ENVIRONMENT, REDIS_URL: 'rediss://u:p@env:2' })).redis).toBe(
    'rediss://u:p@env:2',
  );
  expect(await problemsOf(source, { ...ENVIRONMENT, REDIS_URL: 'localhost:6379' })).toEqual([
    'redis: must be a redis:// or rediss:// URL',
  ]);
});

test('values may be strings that hold JSON', async () => {
  expect(
    await optionsOf(
      String.raw`{ batch_size: "1000", with_row_id: "true", columns: "[\"id\", \"x\"]", version: "3", offset: "0", use_full_scan: "true" }`,
    ),
  ).toEqual({
    batch_size: 1000,
    with_row_id: true,
    columns: ['id', 'x'],
    version: 3,
    offset: 0,
    use_full_scan: true,
  });
  expect(await optionsOf('{ columns: id, ingestion_type: append_only }')).toEqual({
    columns: ['id'],
    ingestion_type: 'APPEND_ONLY',
  });
  expect(await optionsOf('')).toEqual({});
});

test.for([
  ['batch_size: 0', 'batch_size'],
  ['batch_size: 10001', 'batch_size'],
  ['batch_size: 1.5', 'batch_size'],
  ['batch_size: "many"', 'batch_size'],
  ['offset: -1', 'offset'],
  ['version: 0', 'version'],
  ['with_row_id: "maybe"', 'with_row_id'],
  ['columns: []', 'columns'],
  ['columns: "[broken"', 'columns'],
  ['filter_expression: "  "', 'filter_expression'],
  ['ingestion_type: SOMETHING', 'ingestion_type'],
  ['use_full_scan: false', 'use_full_scan'],
  ['binary_columns: maybe', 'binary_columns'],
] as const)('a table option out of range is refused with its path: %s', async ([option, name]) => {
  const problems = await problemsOf(`${CONNECTION}\nlake: l\ntables: { t: { ${option} } }\n`);
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^tables\\.t\\.${name}`))]);
});

test.for([
  ['max_retries: -1', 'max_retries'],
  ['max_retries: 101', 'max_retries'],
  ['max_retries: 1.5', 'max_retries'],
  ['initial_retry_delay: 0', 'initial_retry_delay'],
  ['request_timeout: 100000', 'request_timeout'],
  ['host: "lancedb.local"', 'host'],
  ['host: "ftp://x"', 'host'],
  ['host: "https://user:very+secret@x"', 'host'],
  ['host: "https://x/?token=very+secret"', 'host'],
] as const)('a connection option out of range is refused with its path: %s', async ([option, name]) => {
  const problems = await problemsOf(`connection: { project_name: p, ${option} }\nlake: l\n`);
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^connection\\.${name}: `))]);
});

test('page_bytes takes a number of bytes or a size with its unit', async () => {
  for (const [text, bytes] of [
    ['65536', 65_536],
    ['"65536"', 65_536],
    ['64MiB', 64 * 2 ** 20],
    ['1.5 mb', 1_500_000],
    ['1GiB', 2 ** 30],
  ] as const) {
    expect((await load(`${CONNECTION}\nlake: l\npage_bytes: ${text}\n`)).page_bytes).toBe(bytes);
  }
  for (const text of ['65535', '2GiB', 'lots', '-1'])
    expect(await problemsOf(`${CONNECTION}\nlake: l\npage_bytes: ${text}\n`)).toHaveLength(1);
});

test('an option outside externalOptionsAllowList is refused for a table', async () => {
  const connection = 'connection: { project_name: p, externalOptionsAllowList: "batch_size, columns" }';
  expect(await problemsOf(`${connection}\nlake: l\ntables: { t: { batch_size: 5, offset: 1 } }\n`)).toEqual([
    'tables.t.offset: not in connection.externalOptionsAllowList',
  ]);
  expect((await load(`${connection}\nlake: l\ntables: { t: { batch_size: 5 } }\n`)).tables?.get('t')).toEqual(
    { batch_size: 5 },
  );
});

test('two tables that go to one lake table are refused, in any case of letters', async () => {
  const tables = 'tables: { a: { destination_table: Docs }, docs: }';
  expect(await problemsOf(`${CONNECTION}\nlake: l\n${tables}\n`)).toEqual([
    'tables.docs: goes to the lake table "docs", as "a" does; set destination_table',
  ]);
});

test('tables keep the order of the file', async () => {
  const { tables } = await load(`${CONNECTION}\nlake: l\ntables: { zebra: , apple: , mango: }\n`);
  expect([...(tables?.keys() ?? [])]).toEqual(['zebra', 'apple', 'mango']);
});

test('a JSON file is read like a YAML one', async () => {
  const source = JSON.stringify(
    {
      connection: { api_key: '${LANCEDB_API_KEY}', project_name: 'p' },
      lake: '/data/lake',
      tables: { t: { batch_size: 5 } },
    },
    null,
    2,
  );
  const config = await load(source, ENVIRONMENT, 'offload.json');
  expect([config.lake, config.connection.api_key, config.tables?.get('t')]).toEqual([
    '/data/lake',
    KEY,
    { batch_size: 5 },
  ]);
});

test('a YAML mistake is reported with its line, and without the line’s words', async () => {
  expect(
    await problemsOf(`lake: l
connection:
  project_name: p
   api_key: ${KEY}
`),
  ).toContain('line 3: Nested mappings are not allowed in compact mappings');
  expect(await problemsOf(`lake: l\napi_key: "a" ${KEY}\n`)).toEqual([expect.stringMatching(/^line 2: /)]);
  await problemsOf(`lake: l\nconnection: { api_key: *${KEY.replaceAll(/\W/g, '')} }\n`);
  await problemsOf(`lake: l\n@${KEY}\n`);
});

test('the key’s value is in no message, wherever the mistake is', async () => {
  expect(await problemsOf(`connection: { api_key: [${KEY}], project_name: p }\nlake: l\n`)).toHaveLength(1);
  await problemsOf(`connection: { api_key: "${KEY} x", project_name: "${KEY}" }\nlake: l\n`);
  await problemsOf(`connection: "${KEY}"\nlake: l\n`);
});

test('an empty file, or one that is a list, is refused', async () => {
  expect(await problemsOf('')).toEqual([expect.stringMatching(/^the file: /)]);
  expect(await problemsOf('- a\n')).toEqual([expect.stringMatching(/^the file: /)]);
});

test('a file that is absent is a matter of configuration, and says how to name one', async () => {
  const error = await expectRejection(
    loadConfig('/no/such/offload.yaml', {}),
    'CONFIG_INVALID',
    /\/no\/such\/offload\.yaml cannot be read.*--config FILE/,
  );
  expect([error.policy.exitCode, error.details.path]).toEqual([78, '/no/such/offload.yaml']);
});

test('include and exclude are lists of patterns, or one', async () => {
  expect(
    await load(`${CONNECTION}\nlake: lake\ninclude: docs_*\nexclude: ['*_tmp', team$x]\n`),
  ).toMatchObject({
    include: ['docs_*'],
    exclude: ['*_tmp', 'team$x'],
    tables: undefined,
  });
});

test('exclude beside listed tables takes nothing away, and patterns name no primary keys: both are said', async () => {
  expect(await problemsOf(`${CONNECTION}\nlake: lake\nexclude: ['*_tmp']\ntables: { people: }\n`)).toEqual([
    'exclude: takes nothing away from tables, which lists names; it goes with include',
  ]);
  const scd = 'ingestion_type: SCD_TYPE_1\ntables: { people: { primary_keys: id } }';
  expect(await problemsOf(`${CONNECTION}\nlake: lake\ninclude: ['*']\n${scd}\n`)).toEqual([
    expect.stringMatching(/^include: tables that only a pattern names have no primary_keys/),
  ]);
  expect(await problemsOf(`${CONNECTION}\nlake: lake\ninclude: []\n`)).toEqual([
    'include: must hold a pattern, such as "docs_*"',
  ]);
});

test('change_tracking is row_version, and goes with neither cursor_field nor offset', async () => {
  expect(await optionsOf('{ change_tracking: row_version }')).toEqual({ change_tracking: 'row_version' });
  const options = '{ change_tracking: row_version, cursor_field: at, offset: 5 }';
  expect(
    await problemsOf(`${CONNECTION}\nlake: lake\ntables:\n  t: ${options}\n  u: { change_tracking: feed }\n`),
  ).toEqual([
    expect.stringMatching(/^tables\.u\.change_tracking: must be row_version/),
    expect.stringMatching(/^tables\.t\.offset: .* where cursor_field moves the window/),
    expect.stringMatching(/^tables\.t\.change_tracking: .* leave out cursor_field/),
    expect.stringMatching(/^tables\.t\.offset: .* where change_tracking chooses them/),
  ]);
});
