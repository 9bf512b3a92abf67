import { connect } from '@lancedb/lancedb';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { moveSource, rowText, rowTexts, unpackOlderLake, type ExpectedLake } from '../src/older-lake.ts';
import type { World } from '../src/world.ts';

const KEYED = { primary_keys: ['id'], batch_size: 10 };
/** What the lake was made with. */
const TABLES = {
  notes: { batch_size: 10 },
  events: { cursor_field: 'at', batch_size: 10 },
  people: { ingestion_type: 'SCD_TYPE_1', ...KEYED },
  tracked: { ingestion_type: 'SCD_TYPE_1', change_tracking: 'row_version', ...KEYED },
  prices: { ingestion_type: 'SCD_TYPE_2', sequence_by: 'at', ...KEYED },
  shelves: { ingestion_type: 'SCD_TYPE_2', ...KEYED },
  open_people: { ingestion_type: 'SCD_TYPE_1', ...KEYED },
  open_prices: { ingestion_type: 'SCD_TYPE_2', cursor_field: 'at', ...KEYED },
  open_notes: { batch_size: 10 },
  open_report: { batch_size: 10 },
};
const APPENDED = ['notes', 'open_notes', 'open_report'];
const HISTORIES = ['prices', 'shelves', 'open_prices'];
const COLUMNS = 'id, "at", text, price, vector';
/** The source version after which the edit of this test comes. */
const STEP = 5n;

interface Status {
  readonly tables: readonly { table: string; deltaVersion: number; sourceVersion: number }[];
  readonly runs: readonly { runId: string; table: string; state: string; pages?: object }[];
}

const viewRows = async (world: World, view: string): Promise<string[]> =>
  rowTexts(await world.lake.sql(`SELECT * FROM "${view}"`));

/** The source's columns of a view's rows. */
const sourceColumns = async (world: World, view: string): Promise<string[]> =>
  rowTexts(await world.lake.sql(`SELECT ${COLUMNS} FROM "${view}"`));

/** A table's rows at the source, as the engine reads them. */
async function atSource(world: World, name: string): Promise<string[]> {
  const db = await connect(world.uri);
  const table = await db.openTable(name);
  const rows: Record<string, unknown>[] = await table.query().toArray();
  table.close();
  db.close();
  return rowTexts(
    rows.map(({ id, at, text, price, vector }) => ({
      id,
      at,
      text,
      price,
      vector: [...(vector as Iterable<number>)],
    })),
  );
}

/** Updates, deletes and adds rows of every table, as it was done between the runs of the packed lake. */
async function changeSource(world: World): Promise<void> {
  for (const name of Object.keys(TABLES)) {
    await editTable(world.uri, name, async (table) => {
      await table.update({ where: `id % 9 = ${STEP}`, valuesSql: { text: "'later'", at: String(STEP) } });
      await table.delete(`id % 16 = ${STEP}`);
      const added = Array.from({ length: 4 }, (_, index) => ({
        id: 500 + index,
        at: STEP,
        text: 'new',
        price: index / 7,
        vector: [0, 1, 2, index],
      }));
      await table.add(added);
    });
  }
}

/** Runs the queue knows nothing of, and how far they are. */
async function openRuns(world: World): Promise<object[]> {
  const { runs } = await world.ask<Status>('status');
  return runs
    .filter(({ state }) => state === 'interrupted')
    .map(({ table, pages: counts }) => ({ table, pages: counts }))
    .toSorted((a, b) => (a.table < b.table ? -1 : 1));
}

const pages = (total: number, staged: number) => ({ total, staged, failed: 0, waiting: total - staged });

function withoutLineage(row: object): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !name.startsWith('_')));
}

/** The rows a view has beyond those it had; none of these may be missing. */
async function addedTo(world: World, view: string, old: readonly object[]): Promise<object[]> {
  const had = new Set(old.map(rowText));
  const rows = await world.lake.sql(`SELECT * FROM "${view}"`);
  const added = rows.filter((row) => !had.has(rowText(row)));
  expect(rows).toHaveLength(old.length + added.length);
  return added.map(withoutLineage);
}

/** Changes the source, runs every table, and looks at what that made of rows the lake held. */
async function goOn(world: World, held: ExpectedLake['before']): Promise<void> {
  await changeSource(world);
  expect((await world.offload('run', '--sweep-deletes')).code).toBe(0);
  for (const table of APPENDED)
    expect(rowTexts(await addedTo(world, table, held[table] ?? []))).toEqual(await atSource(world, table));
  const changed = (await atSource(world, 'events')).filter((row) => row.includes(`"at":"${STEP}"`));
  expect(rowTexts(await addedTo(world, 'events', held['events'] ?? []))).toEqual(changed);
  for (const view of ['people', 'tracked', 'open_people', ...HISTORIES.map((table) => `${table}_current`)])
    expect(await sourceColumns(world, view)).toEqual(await atSource(world, view.replace('_current', '')));
  for (const table of HISTORIES) {
    const closed = (held[table] ?? []).map(rowText).filter((row) => !row.includes('"__END_AT":null'));
    const now = new Set(await viewRows(world, table));
    expect(closed.filter((row) => !now.has(row))).toEqual([]);
  }
}

test('a lake of the release of 2026-11-25 is read, as are its runs and their history', async ({ world }) => {
  const { before } = await unpackOlderLake(world);
  await moveSource(world, (await world.serve({ tables: TABLES })).url);
  expect(await world.lake.tables()).toEqual(Object.keys(before).toSorted());
  for (const [view, rows] of Object.entries(before))
    expect(await viewRows(world, view)).toEqual(rowTexts(rows));
  const counts = Object.entries(before).map(([view, rows]) => ({ view, rows: rows.length }));
  const counting = counts.map(({ view }) => `SELECT '${view}' AS view, count(*)::INT AS rows FROM ${view}`);
  expect(rowTexts(await world.ask<object[]>('query', counting.join(' UNION ALL ')))).toEqual(
    rowTexts(counts),
  );
  expect(await world.ask('history', 'people')).toMatchObject([
    { version: 2, rows: { inserted: 4, updated: 7, deleted: 4, unchanged: 49 } },
    { version: 1, rows: { inserted: 4, updated: 6, deleted: 4, unchanged: 50 } },
    { version: 0, rows: { inserted: 60, updated: 0, deleted: 0, unchanged: 0 } },
  ]);
  const { runs } = await world.ask<Status>('status');
  const cancelled = runs.find(({ table, state }) => table === 'people' && state === 'cancelled');
  expect(await world.ask('status', cancelled?.runId ?? '')).toMatchObject({ state: 'cancelled' });
  expect((await world.offload('verify', 'notes', 'events', 'tracked', 'prices', 'shelves')).code).toBe(0);
});

test('open runs of the release of 2026-11-25 are taken up and published exactly, and its tables go on in each mode', async ({
  world,
}) => {
  const { before, resumed } = await unpackOlderLake(world);
  const source = await world.serve({ tables: TABLES });
  await moveSource(world, source.url);
  expect(await openRuns(world)).toEqual([
    { table: 'open_notes', pages: pages(6, 6) },
    { table: 'open_people', pages: pages(6, 3) },
    { table: 'open_prices', pages: pages(3, 2) },
    { table: 'open_report', pages: pages(6, 6) },
  ]);

  await world.worker();
  expect((await world.offload('run', '--resume')).code).toBe(0);
  // No page that is staged is fetched again.
  const asked = ['open_notes', 'open_people', 'open_prices', 'open_report'].map(
    (table) => source.queries(table).length,
  );
  expect(asked).toEqual([0, 3, 1, 0]);
  const held = { ...before, ...resumed };
  for (const [view, rows] of Object.entries(held))
    expect(await viewRows(world, view)).toEqual(rowTexts(rows));
  expect(await openRuns(world)).toEqual([]);

  await goOn(world, held);
  expect((await world.offload('verify')).code).toBe(0);
  const { tables } = await world.ask<Status>('status');
  expect(tables.map(({ table }) => table)).toEqual(Object.keys(TABLES).toSorted());
  expect(await world.ask('history', 'open_people')).toHaveLength(4);
});
