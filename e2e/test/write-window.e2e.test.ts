import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLanceClient, RequestSizes } from '@lance-offload/lancedb';
import { readSnapshot } from '@lance-offload/delta';
import { Staging } from '@lance-offload/core';
import { loadConfig, NO_TRACING } from '@lance-offload/base';
import { startServer } from '@lance-offload/lancedb-server';
import { stagePage, TransformPool, type PageDeps } from '@lance-offload/worker';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import { unreliable } from '../src/unreliable.ts';

/** A lake whose next write of a kind waits until other work is done: as that of a process which stands still there. */
function standingStill(
  staging: Staging,
  at: 'writeData' | 'claimReceipt',
  meanwhile: () => Promise<void>,
): Staging {
  const slow = new Staging(staging.store);
  if (at === 'writeData') {
    slow.writeData = async (...args) => {
      await meanwhile();
      await staging.writeData(...args);
    };
  } else {
    slow.claimReceipt = async (...args) => {
      await meanwhile();
      return staging.claimReceipt(...args);
    };
  }
  return slow;
}

for (const at of ['writeData', 'claimReceipt'] as const)
  test(`a worker that stands still right before ${at}, until its page is published and the next run too, changes no byte of them when it goes on`, async ({
    world,
  }) => {
    const items = await world.items('items', 500);
    // Each answer has the rows in another order, so that the two workers' files differ.
    const { intercept } = unreliable(world.uri, { cap: 1000 });
    const server = await startServer({ uri: world.uri, port: 0, apiKey: world.apiKey, intercept });
    const pool = new TransformPool(1);
    try {
      await world.configure(server.url, {
        ingestion_type: 'SCD_TYPE_1',
        tables: { items: { primary_keys: ['id'] } },
      });
      await world.offload('run', '--detach');
      const { staging } = world.lake;
      const open = await world.lake.openRun('items');
      const plan = await staging.readPlan(open);
      const env = { ...process.env, LANCEDB_API_KEY: world.apiKey };
      const { connection } = await loadConfig(path.join(world.folder, 'offload.yaml'), env);
      const page = { index: 0, offset: 0, limit: 500, scan: 'rows', repair: false } as const;
      const table = staging.table('items');
      const published = new Map<string, Buffer>();
      const meanwhile = async () => {
        await world.worker();
        await world.lake.ended(open);
        for (const { path: file } of (await readSnapshot(table))?.files ?? [])
          published.set(file, await readFile(table.locate(file)));
        await editTable(world.uri, 'items', (source) =>
          source.update({ where: 'id < 100', values: { title: 'changed' } }),
        );
        expect((await world.offload('run')).code).toBe(0);
      };
      const deps: PageDeps = {
        source: createLanceClient(connection, { userAgent: 'test' }),
        staging: standingStill(staging, at, meanwhile),
        transform: pool.transform.bind(pool),
        sizes: new RequestSizes(),
        worker: 'slow',
        tracing: NO_TRACING,
      };
      const receipt = await stagePage(plan, page, deps, new AbortController().signal);
      expect(receipt.worker).not.toBe('slow');
      expect(published.size).toBe(1);
      for (const [file, bytes] of published)
        expect((await readFile(table.locate(file))).equals(bytes)).toBe(true);
      const expected = items.map((item) => (item.id < 100 ? { ...item, title: 'changed' } : item));
      expect(differences(await world.lake.rows('items'), expected)).toEqual([]);
    } finally {
      await pool.close();
      await server.close();
    }
  });
