import { connect, type Table } from '@lancedb/lancedb';
import type { RunReport } from '@lance-offload/core';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { makeItems } from '../src/items.ts';
import { differences } from '../src/lake.ts';

interface Answer {
  readonly tables: readonly RunReport[];
}

const ROWS = 20_000;

/** Changes a table in every way there is, over and over, until it is told to stop. Returns the number of rounds. */
async function keepChanging(table: Table, stopped: () => boolean): Promise<number> {
  let round = 0;
  while (!stopped()) {
    const id = ROWS + round * 10;
    await table.add(makeItems(id + 10).slice(id));
    await table.update({ where: `id % 97 = ${round % 97}`, valuesSql: { title: `'changed in ${round}'` } });
    await table.delete(`id % 101 = ${round % 101}`);
    if (round % 3 === 0) await table.optimize();
    round += 1;
  }
  return round;
}

/** The rows of a version, as the engine itself reads them. */
async function rowsAt(uri: string, version: number): Promise<object[]> {
  const db = await connect(uri);
  const table = await db.openTable('items');
  await table.checkout(version);
  const rows = await table.query().toArray();
  table.close();
  db.close();
  return rows
    .map(({ id, title, note, price, vector }) => ({ id, title, note, price, vector: [...vector] }))
    .toSorted((a, b) => a.id - b.id);
}

for (const filter of [undefined, 'id % 3 <> 1']) {
  const scan = filter === undefined ? 'a whole table' : 'what a filter leaves';
  test(`while a writer inserts, updates, deletes and compacts, ${scan} is offloaded as its pinned version has it`, async ({
    world,
  }) => {
    await world.items('items', ROWS);
    await world.serve({
      tables: { items: { batch_size: 400, ...(filter !== undefined && { filter_expression: filter }) } },
    });
    await world.worker();
    const db = await connect(world.uri);
    const table = await db.openTable('items');
    await table.update({ where: 'id < 500', valuesSql: { title: "'before the run'" } });
    let done = false;
    const changing = keepChanging(table, () => done);
    const { tables } = await world.ask<Answer>('run');
    done = true;
    expect(await changing).toBeGreaterThan(0);
    table.close();
    db.close();

    const [report] = tables;
    expect(report).toMatchObject({ state: 'published', verified: true, missing: 0, repeated: 0 });
    const rows = await rowsAt(world.uri, report?.sourceVersion ?? 0);
    const expected = rows.filter((row) => filter === undefined || ('id' in row && Number(row.id) % 3 !== 1));
    expect(report?.sourceRows).toBe(expected.length);
    expect(differences(await world.lake.rows('items'), expected)).toEqual([]);
  });
}
