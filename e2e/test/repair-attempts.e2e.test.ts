import path from 'node:path';
import { commitRun, planPages, type RunPlan } from '@lance-offload/core';
import { createLanceClient, RequestSizes } from '@lance-offload/lancedb';
import { loadConfig, NO_TRACING } from '@lance-offload/base';
import { startServer, type RunningServer, type ServerOptions } from '@lance-offload/lancedb-server';
import { createRepair, stagePage, TransformPool, type PageDeps } from '@lance-offload/worker';
import { expect } from 'vitest';
import { test as base } from '../src/fixtures.ts';
import type { Item } from '../src/items.ts';
import { differences } from '../src/lake.ts';
import { unreliable } from '../src/unreliable.ts';
import type { World } from '../src/world.ts';

const ROWS = 2000;
const signal = new AbortController().signal;

/** A run whose pages are staged, by a server that leaves rows out and has no order, and what a worker repairs it with. */
interface StagedRun {
  readonly plan: RunPlan;
  readonly items: readonly Item[];
  readonly deps: PageDeps;
  /** Queries are answered so many times from now on, and refused after that. */
  readonly failAfter: (answers: number) => void;
  readonly asked: { queries: number };
}

type Intercept = NonNullable<ServerOptions['intercept']>;

async function serveUntil(
  world: World,
): Promise<{ server: RunningServer; failAfter: (answers: number) => void; asked: { queries: number } }> {
  const { intercept: answer, asked } = unreliable(world.uri, { cap: 137, missing: 0.05, order: 'none' });
  let left = Number.POSITIVE_INFINITY;
  const intercept: Intercept = (request, response, next) => {
    if (request.path.includes('/query')) left -= 1;
    if (left < 0) response.status(503).json({ error: 'no more' });
    else answer(request, response, next);
  };
  const server = await startServer({ uri: world.uri, port: 0, apiKey: world.apiKey, intercept });
  return { server, failAfter: (answers) => void (left = answers), asked };
}

const test = base.extend<{ run: StagedRun }>({
  run: async ({ world }, use) => {
    const items = await world.items('items', ROWS);
    const { server, failAfter, asked } = await serveUntil(world);
    const pool = new TransformPool(1);
    await world.configure(server.url, {
      tables: { items: { batch_size: 200 } },
      connection: { max_retries: 0 },
    });
    await world.offload('run', '--detach');
    const { staging } = world.lake;
    const plan = await staging.readPlan(await world.lake.openRun('items'));
    const env = { ...process.env, LANCEDB_API_KEY: world.apiKey };
    const { connection } = await loadConfig(path.join(world.folder, 'offload.yaml'), env);
    const deps: PageDeps = {
      source: createLanceClient(connection, { userAgent: 'test' }),
      staging,
      transform: pool.transform.bind(pool),
      sizes: new RequestSizes(),
      worker: 'test',
      tracing: NO_TRACING,
    };
    for (const page of planPages(plan)) await stagePage(plan, page, deps, signal);
    await use({ plan, items, deps, failAfter, asked });
    await pool.close();
    await server.close();
  },
});

test('each attempt at a repair goes on with what is listed and staged, and none begins anew', async ({
  run: { plan, items, deps, failAfter, asked },
  world,
}) => {
  const before = asked.queries;
  let failures = 0;
  for (let state = ''; state !== 'published';) {
    failAfter(3);
    const attempt = commitRun(plan, deps.staging, () => undefined, createRepair(deps, signal));
    ({ state } = await attempt.catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'SOURCE_UNAVAILABLE' });
      failures += 1;
      return { state: 'failed' };
    }));
    expect(failures).toBeLessThan(20);
  }
  // About a third of the rows is missing: they are listed once and fetched once, by 137 at most.
  expect(failures).toBeGreaterThan(2);
  expect(asked.queries - before).toBeLessThan(50);
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});

test('a repair whose page another attempt has taken stages behind it what that one does not hold', async ({
  run: { plan, items, deps },
  world,
}) => {
  let others = 0;
  const robbed: PageDeps = {
    ...deps,
    transform: async (task, cancelled) => {
      const made = await deps.transform(task, cancelled);
      const taken = await deps.staging.listReceipts(plan);
      const index = planPages(plan).toArray().length;
      if (others === 0 && !taken.includes(index)) {
        others += 1;
        const page = { index, offset: 0, limit: 200, scan: 'rows', repair: true } as const;
        const ids = BigUint64Array.from({ length: 200 }, (_, id) => BigInt(id));
        await stagePage(plan, page, deps, signal, ids);
      }
      return made;
    },
  };
  const report = await commitRun(plan, deps.staging, () => undefined, createRepair(robbed, signal));
  expect(others).toBe(1);
  expect(report).toMatchObject({ state: 'published', verified: true, distinctRowIds: ROWS });
  expect(differences(await world.lake.rows('items'), items)).toEqual([]);
});
