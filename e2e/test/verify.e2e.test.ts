import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { until } from '../src/lake.ts';
import { Tampering } from '../src/tamper.ts';
import type { World } from '../src/world.ts';

interface Finding {
  readonly count: number;
  readonly shown: readonly { readonly key: Readonly<Record<string, unknown>> }[];
}

interface Verdict {
  readonly table: string;
  readonly agrees: boolean;
  readonly sourceVersion: number;
  readonly sourceRows: number;
  readonly lakeRows: number;
  readonly findings: Readonly<Record<string, Finding>>;
  readonly notes: readonly string[];
  readonly error?: { readonly code: string; readonly message: string };
}

interface Answer {
  readonly agrees: boolean;
  readonly tables: readonly Verdict[];
}

/** `verify --json`: its exit code, and what it says of the one table. */
async function verify(world: World, ...args: string[]): Promise<{ code: number | null; verdict: Verdict }> {
  const { code, out, err } = await world.offload('verify', ...args, '--json');
  if (out === '') throw new Error(err);
  const answer: Answer = JSON.parse(out);
  const [verdict] = answer.tables;
  if (!verdict) throw new Error('no verdict');
  expect(code).toBe(answer.agrees ? 0 : 1);
  return { code, verdict };
}

/** The keys of each kind of finding that there is. */
function found({ findings, error }: Verdict): Record<string, unknown> {
  if (error) throw new Error(error.message);
  return Object.fromEntries(
    Object.entries(findings).flatMap(([kind, { count, shown }]) =>
      count === 0 ? [] : [[kind, shown.map(({ key }) => Object.values(key)[0])]],
    ),
  );
}

const SCD1 = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], batch_size: 100 };

test('APPEND_ONLY agrees, also when the source has moved on; a page taken out is missed row by row, and changed values are found though the row hash is as it was', async ({
  world,
}) => {
  await world.items('items', 250);
  await world.serve({ tables: { items: { batch_size: 100 } } });
  await world.worker();
  expect((await world.offload('run')).code).toBe(0);
  await editTable(world.uri, 'items', (table) => table.delete('id < 100'));

  const { code, verdict } = await verify(world);
  expect({ code, found: found(verdict), notes: verdict.notes }).toEqual({ code: 0, found: {}, notes: [] });
  expect(verdict).toMatchObject({ agrees: true, sourceVersion: 1, sourceRows: 250, lakeRows: 250 });

  const tampering = new Tampering(world.lake.staging, 'items');
  const [first, second, third] = await tampering.files();
  if (!first || !second || !third) throw new Error('three pages were expected');
  await tampering.rewrite(
    first,
    `SELECT * REPLACE (CASE WHEN id IN (7, 42) THEN title || '!' ELSE title END AS title) FROM page`,
  );
  await tampering.removeFile(third);
  const after = await verify(world, '--show', '3');
  expect(after.verdict).toMatchObject({ agrees: false, lakeRows: 200 });
  expect(found(after.verdict)).toEqual({ missing: ['200', '201', '202'], different: ['7', '42'] });
  expect(after.verdict.findings['missing']?.count).toBe(50);

  const text = await world.offload('verify', '--show', '1');
  expect(text.code).toBe(1);
  expect(text.out).toMatch(/items .* APPEND_ONLY .* 250 .* 200 .* 50 .* 0 .* 2 .* 0 .* DIFFERS/);
  expect(text.out).toContain('items: at the source, and not in the lake:\n  _rowid=200\n  … and 49 more');
  expect(text.out).toMatch(/_rowid=7 \(data\/\S+\/page-000000\.\w+\.parquet, row 7\)\n {2}… and 1 more/);
});

test('SCD_TYPE_1 agrees after updates and deletes; rows that come back from the deleted are named, and so is a key that was made up', async ({
  world,
}) => {
  await world.items('items', 250);
  await world.serve({ tables: { items: SCD1 } });
  await world.worker();
  await world.offload('run');
  const tampering = new Tampering(world.lake.staging, 'items');
  const pages = new Set((await tampering.files()).map((file) => file.path));
  await editTable(world.uri, 'items', async (table) => {
    await table.update({ where: 'id IN (3, 120)', valuesSql: { title: `'changed'` } });
    await table.delete('id = 200');
  });
  expect((await world.offload('run')).code).toBe(0);
  const { code, verdict } = await verify(world);
  expect({ code, found: found(verdict) }).toEqual({ code: 0, found: {} });
  expect(verdict).toMatchObject({ sourceRows: 249, lakeRows: 249 });

  const first = (await tampering.files()).filter((file) => pages.has(file.path));
  const third = first[2];
  await tampering.removeVectors(first);
  const again = await verify(world);
  expect(found(again.verdict)).toEqual({ extra: [200], repeated: [3, 120] });
  if (third)
    await tampering.rewrite(
      third,
      'SELECT * REPLACE (CASE WHEN id = 210 THEN 9999 ELSE id END AS id) FROM page',
    );
  const { out } = await world.offload('verify');
  expect(out).toMatch(/not in the lake:\n {2}id=210\n/);
  expect(out).toMatch(/not at the source:\n {2}id=200 .*\n {2}id=9999 /);
  expect(out).toMatch(/more than once in the lake:\n {2}id=3\n {2}id=120$/m);
});

test('SCD_TYPE_2: the open rows are compared, not the history; one that was closed too early is missed, an old one that was opened is repeated', async ({
  world,
}) => {
  await world.items('items', 120);
  await world.serve({ tables: { items: { ...SCD1, ingestion_type: 'SCD_TYPE_2' } } });
  await world.worker();
  await world.offload('run');
  await editTable(world.uri, 'items', async (table) => {
    await table.update({ where: 'id IN (3, 110)', valuesSql: { title: `'changed'` } });
    await table.delete('id = 50');
  });
  expect((await world.offload('run')).code).toBe(0);
  const { code, verdict } = await verify(world);
  expect({ code, found: found(verdict) }).toEqual({ code: 0, found: {} });
  expect(verdict).toMatchObject({ sourceRows: 119, lakeRows: 119 });

  const tampering = new Tampering(world.lake.staging, 'items');
  const [page, closed] = [
    (await tampering.files()).find((file) => file.path.includes('/page-000000.')),
    (await tampering.files()).find((file) => file.path.includes('/closed-')),
  ];
  if (!page || !closed) throw new Error('a page and a file of closed rows were expected');
  await tampering.rewrite(
    page,
    'SELECT * REPLACE (CASE WHEN id = 77 THEN 9 ELSE __END_AT END AS __END_AT) FROM page',
  );
  await tampering.rewrite(
    closed,
    'SELECT * REPLACE (CASE WHEN id = 110 THEN NULL ELSE __END_AT END AS __END_AT) FROM page',
  );
  expect(found((await verify(world)).verdict)).toEqual({ missing: [77], repeated: [110] });
});

test('incremental: a delete that was not looked for is explained, until a sweep finds it; a change without a greater cursor is a difference', async ({
  world,
}) => {
  await world.items('items', 120);
  const options = { ...SCD1, cursor_field: 'price' };
  const source = await world.serve({ tables: { items: options } });
  await world.worker();
  await world.offload('run');
  await editTable(world.uri, 'items', async (table) => {
    await table.delete('id IN (5, 6)');
    await table.update({ where: 'id = 8', valuesSql: { price: '1000.5' } });
  });
  expect((await world.offload('run')).code).toBe(0);
  const incremental = await world.offload('verify');
  expect(incremental.code).toBe(0);
  expect(incremental.out).toContain('agrees, 2 explained');
  expect(incremental.out).toContain('items: gone at the source, not looked for:\n  id=5 ');
  expect(incremental.out).toContain('not looked for since version 1 (run --sweep-deletes does)');
  expect(found((await verify(world)).verdict)).toEqual({ gone: [5, 6] });

  await editTable(world.uri, 'items', (table) =>
    table.update({ where: 'id = 9', valuesSql: { title: `'unseen'` } }),
  );
  expect((await world.offload('run', '--sweep-deletes')).code).toBe(0);
  const swept = (await verify(world)).verdict;
  expect(found(swept)).toEqual({ different: [9] });
  expect(swept.notes.join()).toContain('runs read "price" from its last value on (1000.5)');
  expect((await world.offload('run', '--full')).code).toBe(0);
  expect(await verify(world)).toMatchObject({ code: 0, verdict: { agrees: true } });

  // Rows that a filter leaves out by now stay, and a sweep does not take them for deleted.
  await world.configure(source.url, { tables: { items: { ...options, filter_expression: 'id < 100' } } });
  await editTable(world.uri, 'items', (table) => table.delete('id = 20'));
  expect((await world.offload('run', '--sweep-deletes')).code).toBe(0);
  expect(await verify(world)).toMatchObject({ code: 0, verdict: { sourceRows: 97, lakeRows: 117 } });
  const filtered = (await verify(world, '--show', '2')).verdict;
  expect(found(filtered)).toEqual({ unselected: [100, 101] });
  expect(filtered.findings['unselected']?.count).toBe(20);
});

test('a version that was cleaned up, a table that was never offloaded and one of another tool are told; the others are compared all the same', async ({
  world,
}) => {
  for (const table of ['gone', 'kept', 'never', 'foreign']) await world.items(table, 20);
  await world.serve();
  await world.worker();
  await world.offload('run', 'gone', 'kept');
  const log = world.lake.staging.table('foreign').locate('_delta_log');
  await mkdir(log, { recursive: true });
  const metaData = {
    id: 'x',
    format: { provider: 'parquet' },
    schemaString: '{"type":"struct","fields":[]}',
    partitionColumns: [],
    configuration: {},
  };
  const actions = [{ protocol: { minReaderVersion: 1, minWriterVersion: 2 } }, { metaData }];
  await writeFile(
    path.join(log, `${'0'.repeat(20)}.json`),
    actions.map((action) => JSON.stringify(action)).join('\n'),
  );
  await editTable(world.uri, 'gone', async (table) => {
    await table.delete('id = 1');
    await table.optimize({ cleanupOlderThan: new Date() });
  });

  const { code, out } = await world.offload('verify', '--json');
  expect(code).toBe(1);
  const { tables }: Answer = JSON.parse(out);
  expect(
    Object.fromEntries(tables.map(({ table, agrees, error }) => [table, error?.code ?? agrees])),
  ).toEqual({
    foreign: 'LAKE_UNAVAILABLE',
    gone: 'VERSION_GONE',
    kept: true,
    never: 'LAKE_NOT_FOUND',
  });
  const text = await world.offload('verify', 'gone', 'kept');
  expect(text.code).toBe(1);
  expect(text.out).toMatch(/gone .* VERSION_GONE/);
  expect(text.out).toMatch(/kept .* agrees/);
  expect(text.out).toMatch(/\[VERSION_GONE\] .*\n {2}The pinned version was cleaned up/);
  expect((await world.offload('verify', 'kept')).code).toBe(0);
  expect(await world.offload('verify', 'kep')).toMatchObject({
    code: 1,
    err: expect.stringContaining('did you mean "kept"'),
  });
});

test('a source that fails for a while holds a verification up, and Ctrl-C ends it', async ({ world }) => {
  await world.items('items', 300);
  const source = await world.serve({ tables: { items: SCD1 } });
  await world.worker();
  await world.offload('run');
  const refusal = source.refuse(
    ({ operation, offset }) => operation === 'query' && offset === 200,
    503,
    'busy',
  );
  const patient = world.producer('verify');
  await until(() => source.queries('items').filter(({ offset }) => offset === 200).length > 3);
  refusal.heal();
  expect((await patient.ended).code).toBe(0);

  const hold = source.hold(({ operation }) => operation === 'query');
  const stopped = world.producer('verify');
  await hold.waiting(1);
  expect(await stopped.kill('SIGINT')).toMatchObject({ code: 130, err: expect.stringContaining('Stopped') });
});
