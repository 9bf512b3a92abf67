import type { RunReport } from '@lance-offload/core';
import { connect } from '@lancedb/lancedb';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { sized } from '../src/soak.ts';
import { differences } from '../src/lake.ts';
import type { Source } from '../src/source.ts';
import { VersionedTable } from '../src/versioned-table.ts';
import type { World } from '../src/world.ts';

type Settings = Readonly<Record<string, unknown>>;

interface Query {
  readonly k: number;
  readonly filter?: string;
  readonly columns?: readonly string[];
}

async function run(world: World, ...args: string[]): Promise<RunReport> {
  const { tables } = await world.ask<{ tables: RunReport[] }>('run', ...args);
  const [report] = tables;
  if (!report) throw new Error('no report');
  return report;
}

/** Queries since so many were made: those that list row ids, those for rows, and those of a sweep for keys. */
function queriesSince(source: Source, before: number): { ids: Query[]; rows: Query[]; keys: Query[] } {
  const bodies = source
    .queries('people')
    .slice(before)
    .map(({ body }) => body as Query);
  const listsIds = ({ columns }: Query): boolean => columns?.join() === '_rowid';
  return {
    ids: bodies.filter(listsIds),
    rows: bodies.filter(({ columns }) => !columns),
    keys: bodies.filter((body) => body.columns && !listsIds(body)),
  };
}

/** Rows that queries ask for: by their ids, where `k` leaves room for repeats, or as many as `k`. */
const asked = (queries: readonly Query[]): number =>
  queries.reduce((sum, { k, filter }) => {
    const ids = /^_rowid IN \(([\d,]+)\)$/.exec(filter ?? '')?.[1];
    return sum + (ids === undefined ? k : ids.split(',').length);
  }, 0);

/** Runs between random edits. */
const ROUNDS = sized(2, 30);

async function editAtRandom(table: VersionedTable): Promise<void> {
  const edits = [
    () => table.insert(1 + table.dice(40)),
    () => table.update(5 + table.dice(20), table.dice(5)),
    () => table.merge(30),
    () => table.delete(30 + table.dice(20), table.dice(30)),
    () => table.compact(),
  ];
  for (let left = 1 + table.dice(4); left > 0; left -= 1) await edits[table.dice(edits.length)]?.();
}

for (const [seed, mode] of [
  [11, 'SCD_TYPE_1'],
  [12, 'SCD_TYPE_2'],
] as const) {
  test(`${mode}: by row versions, runs between random edits and compactions read the changed rows only, and the lake follows the source`, async ({
    world,
  }) => {
    const table = await new VersionedTable(world.uri, 'people', seed).create(500);
    const options = { ingestion_type: mode, primary_keys: ['id'], change_tracking: 'row_version' };
    const source = await world.serve();
    const configure = (): Promise<void> =>
      world.configure(source.url, { tables: { people: { ...options, batch_size: 1 + table.dice(60) } } });
    const current = mode === 'SCD_TYPE_2' ? 'people_current' : 'people';
    const rowsOfLake = () => world.lake.sql(`SELECT id, text FROM ${current} ORDER BY id`);
    await configure();
    await world.worker();
    expect(await run(world)).toMatchObject({ verified: true, rows: { inserted: 500 }, deletes: 'snapshot' });
    table.takeWritten();

    for (let round = 0; round < ROUNDS; round += 1) {
      await editAtRandom(table);
      await table.insert(1); // so that there is a new version
      await configure();
      const sweeps = round % 3 === 1;
      const before = source.queries('people').length;
      const report = await run(world, ...(sweeps ? ['--sweep-deletes'] : []));
      expect(report).toMatchObject({
        state: 'published',
        verified: true,
        deletes: sweeps ? 'sweep' : 'none',
      });
      const written = table.takeWritten();
      const { ids, rows, keys } = queriesSince(source, before);
      expect([report.sourceRows, asked(rows)]).toEqual([written, written]);
      // A single page is read by the window itself, several by the ids of the rows in it.
      const window = `_row_last_updated_at_version > ${report.changedSince}`;
      for (const { filter } of ids.length > 0 ? ids : rows) expect(filter).toBe(window);
      if (ids.length > 0) for (const { filter } of rows) expect(filter).toMatch(/^_rowid IN \([\d,]+\)$/);
      expect(asked(keys)).toBe(sweeps ? table.rows.size : 0);
      const lake = await rowsOfLake();
      if (sweeps) expect(differences(lake, table.sorted())).toEqual([]);
      const here = lake.filter(({ id }) => table.rows.has(Number(id)));
      expect(differences(here, table.sorted())).toEqual([]);
    }
    await run(world, '--sweep-deletes');
    expect(differences(await rowsOfLake(), table.sorted())).toEqual([]);
    expect(await world.ask('verify')).toMatchObject({ agrees: true });
  });
}

const SCD: Settings = { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'], change_tracking: 'row_version' };

test('by row versions: plan says what it would read, status names the mode, an unchanged table is left alone, --full starts over', async ({
  world,
}) => {
  const table = await new VersionedTable(world.uri, 'people', 1).create(100);
  const source = await world.serve({ tables: { people: { ...SCD, filter_expression: 'id < 90 -- most' } } });
  await world.worker();
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 90 });
  const queries = source.queries('people').length;
  expect(await run(world)).toMatchObject({ state: 'unchanged', verified: true });
  expect(source.queries('people')).toHaveLength(queries);

  await table.update(10, 5);
  const plan = await world.offload('plan');
  expect(plan.out).toContain('people: incremental: reads the rows that changed after version 1');
  const status = await world.ask<{ tables: object[] }>('status');
  expect(status.tables).toMatchObject([{ table: 'people', changeTracking: 'row_version', sourceVersion: 1 }]);
  expect((await world.offload('status')).out).toContain('(row_version)');
  expect(await run(world)).toMatchObject({
    verified: true,
    sourceRows: 9,
    changedSince: 1,
    rows: { updated: 9 },
  });
  const full = await run(world, '--full');
  expect(full).toMatchObject({ verified: true, sourceRows: 90, rows: { unchanged: 90 } });
  expect(full.changedSince).toBeUndefined();
});

test('a table without stable row ids is refused before a page is enqueued, with the remedies', async ({
  world,
}) => {
  const table = await new VersionedTable(world.uri, 'people', 1).create(100, {});
  const source = await world.serve({ tables: { people: SCD } });
  await world.worker();
  // Nothing has been written to it since it was made: everything is read, and nothing is missed.
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 100 });
  await table.delete(100, 7);
  const everything = await run(world);
  expect(everything).toMatchObject({ verified: true, lakeRows: 99, deletes: 'snapshot' });
  expect(everything.notes).toContain(
    'nothing tells yet whether the table keeps the versions of its rows: this run reads everything',
  );

  await table.update(10, 5);
  const queries = source.queries('people').length;
  const refused = await world.offload('run');
  expect(refused.code).toBe(1);
  expect(refused.out).toMatch(
    /\[CONFIG_INVALID\] change_tracking: table "people" does not keep the version of its rows/,
  );
  expect(refused.out).toContain('set cursor_field to a column that grows with every change');
  expect(source.queries('people')).toHaveLength(queries);
  await table.compact();
  expect(await world.offload('plan')).toMatchObject({ code: 78 });
});

test('a table that was made empty and filled later is read by its row versions, and in full where nothing proves them', async ({
  world,
}) => {
  const kept = await new VersionedTable(world.uri, 'people', 1).create(0);
  const plain = await new VersionedTable(world.uri, 'plain', 2).create(0, {});
  await world.serve({ tables: { people: SCD, plain: SCD } });
  await world.worker();
  const both = async () => (await world.ask<{ tables: RunReport[] }>('run')).tables;
  expect(await both()).toMatchObject([{ lakeRows: 0 }, { lakeRows: 0 }]);
  for (const table of [kept, plain]) await table.insert(10);
  expect(await both()).toMatchObject([
    { verified: true, lakeRows: 10, changedSince: 1 },
    { verified: true, lakeRows: 10, deletes: 'snapshot' },
  ]);
});

test('APPEND_ONLY by row versions appends what was added, and what was changed once more', async ({
  world,
}) => {
  const table = await new VersionedTable(world.uri, 'people', 1).create(50);
  await world.serve({ tables: { people: { change_tracking: 'row_version', batch_size: 7 } } });
  await world.worker();
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 50 });
  await table.insert(20);
  await table.compact();
  expect(await run(world)).toMatchObject({
    verified: true,
    changedSince: 1,
    lakeRows: 20,
    rows: { inserted: 20 },
  });
  await table.update(10, 3);
  await table.delete(10, 4);
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 7, rows: { inserted: 7 } });
  expect(
    await world.lake.sql('SELECT count(*)::INT AS rows, count(DISTINCT id)::INT AS ids FROM people'),
  ).toEqual([{ rows: 77, ids: 70 }]);
  expect(await world.ask('verify')).toMatchObject({ agrees: true });
});

test('writers that work at the same time leave no change behind the version a run has read', async ({
  world,
}) => {
  const table = await new VersionedTable(world.uri, 'people', 1).create(40);
  await world.serve({ tables: { people: SCD } });
  await world.worker();
  await run(world);
  const writers = await Promise.all(
    Array.from({ length: 6 }, async () => {
      const db = await connect(world.uri);
      return { db, table: await db.openTable('people') };
    }),
  );
  for (let round = 0; round < 2; round += 1) {
    // Each handle was opened before the others wrote: its write is brought onto theirs.
    await Promise.all(
      writers.map(async (writer, index) => {
        if (index % 2 === 0)
          return writer.table.update({ where: `id % 6 = ${index}`, values: { text: `${round}` } });
        const rows = [6, 12].map((id) => ({ id: id + index, text: `${round}` }));
        return writer.table.mergeInsert('id').whenMatchedUpdateAll().execute(rows);
      }),
    );
    expect(await run(world)).toMatchObject({ verified: true, deletes: 'none' });
    expect(await world.ask('verify')).toMatchObject({ agrees: true });
  }
  for (const writer of writers) writer.db.close();
  expect(table.rows.size).toBe(40);
});

test('a table that was dropped and made anew is read in full, whatever its versions, or refused under APPEND_ONLY', async ({
  world,
}) => {
  await (await new VersionedTable(world.uri, 'people', 1).create(20)).insert(5);
  const source = await world.serve({ tables: { people: SCD } });
  await world.worker();
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 25 });
  await world.configure(source.url, {
    tables: { people: { change_tracking: 'row_version', destination_table: 'log' } },
  });
  expect(await run(world)).toMatchObject({ verified: true, lakeRows: 25 });

  const db = await connect(world.uri);
  await db.dropTable('people');
  db.close();
  const anew = await new VersionedTable(world.uri, 'people', 2).create(30);
  await anew.update(3, 0);
  const refused = await world.offload('run');
  expect(refused.out).toMatch(
    /was dropped and made anew at the source .*what changed cannot be told; use --full/,
  );
  await world.configure(source.url, { tables: { people: SCD } });
  const report = await run(world);
  expect(report).toMatchObject({ verified: true, sourceRows: 30, lakeRows: 30, deletes: 'snapshot' });
  expect(differences(await world.lake.sql('SELECT id, text FROM people ORDER BY id'), anew.sorted())).toEqual(
    [],
  );
  expect(await world.ask('verify')).toMatchObject({ agrees: true });
});
