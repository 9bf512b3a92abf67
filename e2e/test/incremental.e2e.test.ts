import type { RunReport } from '@lance-offload/core';
import type { Schema } from 'apache-arrow';
import { expect } from 'vitest';
import { arrow } from '../src/arrow.ts';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { createTable } from '../src/items.ts';
import type { World } from '../src/world.ts';

interface Answer {
  readonly tables: readonly RunReport[];
}

const EVENT_SCHEMA: Schema = new arrow.Schema([
  new arrow.Field('id', new arrow.Int32(), true),
  new arrow.Field('at', new arrow.Int64(), true),
  new arrow.Field('text', new arrow.Utf8(), true),
]);

type Event = { readonly id: number; readonly at: bigint | null; readonly text: string };

const events = (from: number, count: number, at: (id: number) => bigint | null): Event[] =>
  Array.from({ length: count }, (_, index) => ({
    id: from + index,
    at: at(from + index),
    text: `event ${from + index}`,
  }));

async function run(world: World, ...args: string[]): Promise<RunReport> {
  const { tables } = await world.ask<Answer>('run', ...args);
  const [report] = tables;
  if (!report) throw new Error('no report');
  return report;
}

const textsOf = async (world: World, table = 'events'): Promise<string[]> =>
  (await world.lake.sql(`SELECT id, "at", text FROM "${table}" ORDER BY id, text`)).map(
    ({ id, at, text }) => `${String(id)} ${String(at)} ${String(text)}`,
  );

const expected = (rows: readonly Event[]): string[] =>
  rows
    .map(({ id, at, text }) => `${id} ${at} ${text}`)
    .toSorted((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

test('APPEND_ONLY: rows at exactly the last cursor value and rows without a cursor arrive, and nothing arrives twice', async ({
  world,
}) => {
  const first = [...events(0, 100, (id) => BigInt(Math.floor(id / 10))), ...events(100, 5, () => null)];
  await createTable(world.uri, 'events', first, EVENT_SCHEMA);
  const source = await world.serve({ tables: { events: { cursor_field: 'at', batch_size: 30 } } });
  await world.worker();
  expect(await run(world)).toMatchObject({
    verified: true,
    cursor: '9',
    lakeRows: 105,
    rows: { inserted: 105 },
  });

  // At the last cursor value, after it, before it (missed by any cursor), and without one; one row stands there twice.
  const more = [
    ...events(200, 7, () => 9n),
    ...events(300, 40, (id) => BigInt(id)),
    ...events(400, 3, () => null),
    ...events(207, 1, () => 9n),
    ...events(207, 1, () => 9n),
  ];
  await editTable(world.uri, 'events', (table) => table.add(more.map((row) => ({ ...row }))));
  const before = source.queries('events').length;
  const report = await run(world);
  expect(report).toMatchObject({
    state: 'published',
    verified: true,
    cursorFrom: '9',
    cursor: '339',
    rows: { inserted: 52, unchanged: 15 },
    lakeRows: 52,
  });
  // Only the window was read: ten boundary rows, five without a cursor, and what is new.
  expect(report.sourceRows).toBe(67);
  expect(source.queries('events').length - before).toBe(4); // the row ids, and three pages
  expect(await textsOf(world)).toEqual(expected([...first, ...more]));

  const status = await world.ask<{ tables: object[] }>('status');
  expect(status.tables).toMatchObject([
    { table: 'events', cursorField: 'at', cursor: '339', sourceVersion: 2 },
  ]);
});

test('an incremental run over an unchanged table makes no query request, and says so', async ({ world }) => {
  await createTable(world.uri, 'events', events(0, 50, BigInt), EVENT_SCHEMA);
  const options = { cursor_field: 'at', ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] };
  const source = await world.serve({ tables: { events: options } });
  await world.worker();
  await run(world);
  const [queries, requests] = [source.queries('events').length, source.requests.length];
  const again = await world.offload('run');
  expect(again.code).toBe(0);
  expect(again.out).toContain('the lake holds version 1 already');
  expect(source.queries('events')).toHaveLength(queries);
  expect(source.requests.slice(requests).some(({ operation }) => operation === 'query')).toBe(false);
});

test('SCD_TYPE_1 incremental: changed rows are updated, deletes wait for a sweep, --full starts over', async ({
  world,
}) => {
  await createTable(
    world.uri,
    'events',
    events(0, 200, () => 1n),
    EVENT_SCHEMA,
  );
  const options = {
    cursor_field: 'at',
    ingestion_type: 'scd_type_1',
    primary_keys: '["id"]',
    batch_size: 50,
  };
  const source = await world.serve({ tables: { events: options } });
  await world.worker();
  expect(await run(world)).toMatchObject({ verified: true, rows: { inserted: 200 }, deletes: 'snapshot' });

  await editTable(world.uri, 'events', async (table) => {
    await table.update({ where: 'id < 3', valuesSql: { at: '2', text: "'changed'" } });
    await table.delete('id >= 190');
  });
  expect(await run(world)).toMatchObject({
    verified: true,
    deletes: 'none',
    rows: { updated: 3, unchanged: 187, deleted: 0 },
    lakeRows: 200,
  });

  await editTable(world.uri, 'events', (table) => table.delete('id = 5'));
  const before = source.queries('events').length;
  const swept = await run(world, '--sweep-deletes');
  expect(swept).toMatchObject({ verified: true, deletes: 'sweep', rows: { deleted: 11 }, lakeRows: 189 });
  const bodies = source
    .queries('events')
    .slice(before)
    .map(({ body }) => body as { columns?: string[]; filter?: string });
  expect(bodies.filter(({ columns }) => columns).map(({ columns, filter }) => [columns, filter])).toEqual([
    [['id'], undefined],
  ]);
  expect(await textsOf(world)).toHaveLength(189);

  // Nothing has changed, but a sweep was done for this version: there is nothing to do.
  expect(await run(world, '--sweep-deletes')).toMatchObject({ state: 'unchanged', verified: true });
  const full = await run(world, '--full');
  expect(full).toMatchObject({
    state: 'published',
    verified: true,
    sourceRows: 189,
    rows: { unchanged: 189 },
  });
  expect(full.cursorFrom).toBeUndefined();
});
