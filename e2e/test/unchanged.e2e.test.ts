import { rm } from 'node:fs/promises';
import type { RunReport } from '@lance-offload/core';
import type { RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';

const ROWS = 20;

test('a run with nothing to do counts no pages, and one that was killed before its report ends as what it was planned as', async ({
  world,
  ownDatabase,
}) => {
  const items = await world.items('items', ROWS);
  const source = await world.serve({ tables: { items: { batch_size: 5, cursor_field: 'id' } } });
  await world.worker();
  const run = async (...args: string[]): Promise<RunReport> => {
    const { tables } = await world.ask<{ tables: RunReport[] }>('run', ...args);
    return tables[0] ?? Promise.reject(new Error('no report'));
  };
  expect(await run()).toMatchObject({ state: 'published', pages: 4, repairs: 0 });

  const queries = source.queries('items').length;
  const text = await world.offload('run');
  expect(text.code).toBe(0);
  expect(text.err).toContain('items: unchanged, nothing to read');
  const unchanged = await run();
  expect(unchanged).toMatchObject({
    state: 'unchanged',
    verified: true,
    sourceRows: ROWS,
    lakeRows: ROWS,
    pages: 0,
  });
  const status = await world.ask<RunStatus>('status', unchanged.runId);
  expect(status.pages).toEqual({ total: 0, staged: 0, failed: 0, waiting: 0, repairs: 0 });

  // What a producer leaves that is killed between the two files, or finds the disk full at the second, with its queue gone.
  await rm(world.lake.staging.store.locate(world.lake.staging.keys.report('items', unchanged.runId)));
  await ownDatabase.flushdb();
  await editTable(world.uri, 'items', (table) => table.add([{ ...items[0], id: ROWS, title: 'later' }]));
  expect(await run('--resume', unchanged.runId)).toMatchObject({
    runId: unchanged.runId,
    state: 'unchanged',
    verified: true,
    lakeRows: ROWS,
    pages: 0,
  });
  expect(source.queries('items')).toHaveLength(queries);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  expect(await run()).toMatchObject({ state: 'published', verified: true, rows: { inserted: 1 } });
});
