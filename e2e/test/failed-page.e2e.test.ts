import { access } from 'node:fs/promises';
import path from 'node:path';
import type { RunStatus } from '@lance-offload/fleet';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';

const WORDS = 'Invalid input: fragment 3 cannot be read';

test('a page that fails for good holds back its own table only, is named by status, and after a retry the run publishes by itself', async ({
  world,
}) => {
  const broken = await world.items('broken', 1000);
  const sound = await world.items('sound', 300);
  const source = await world.serve({ tables: { broken: { batch_size: 100 }, sound: { batch_size: 100 } } });
  const refusal = source.refuse(
    (request) => request.table === 'broken' && request.operation === 'query' && request.offset === 300,
    400,
    WORDS,
  );
  await world.worker();

  const first = await world.offload('run');
  expect(first.code).toBe(1);
  expect(first.out).toContain(WORDS);
  expect(differences(await world.lake.rows('sound'), sound)).toEqual([]);

  const run = await world.lake.openRun('broken');
  expect(await world.lake.receipts(run)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9]);
  expect(await world.lake.tables()).toEqual(['sound']);
  await expect(access(path.join(world.folder, 'lake/tables/broken/_delta_log'))).rejects.toThrow(/ENOENT/);
  const reader = await world.offload('query', 'SELECT count(*) FROM broken');
  expect(reader).toMatchObject({ code: 1, err: expect.stringContaining('[QUERY_FAILED]') });

  const text = await world.offload('status', run.runId);
  expect(text.out).toContain('page 3 failed after 1 attempt: [SOURCE_REJECTED]');
  expect(text.out).toContain(WORDS);
  expect(text.out).toContain(`lance-offload retry ${run.runId}`);
  const status = await world.ask<RunStatus>('status', run.runId);
  expect(status).toMatchObject({ state: 'blocked', pages: { total: 10, staged: 9, failed: 1, waiting: 0 } });
  expect(status.failures).toMatchObject([
    { step: 'page', page: 3, code: 'SOURCE_REJECTED', message: expect.stringContaining(WORDS) },
  ]);

  refusal.heal();
  const retried = await world.ask<object>('retry', run.runId);
  expect(retried).toEqual({ runId: run.runId, retried: 1, gone: 0, ended: [] });
  expect(await world.lake.ended(run)).toMatchObject({
    state: 'published',
    verified: true,
    pages: 10,
    lakeRows: 1000,
  });
  expect(differences(await world.lake.rows('broken'), broken)).toEqual([]);
  const asked = source.queries('broken').map(({ offset }) => offset);
  expect(asked.toSorted((a = 0, b = 0) => a - b)).toEqual([
    0, 100, 200, 300, 300, 400, 500, 600, 700, 800, 900,
  ]);
});
