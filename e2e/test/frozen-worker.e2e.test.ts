import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createLanceClient, RequestSizes } from '@lance-offload/lancedb';
import { readSnapshot } from '@lance-offload/delta';
import { loadConfig, NO_TRACING } from '@lance-offload/base';
import { startServer } from '@lance-offload/lancedb-server';
import { stagePage, TransformPool, type PageDeps } from '@lance-offload/worker';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import { unreliable } from '../src/unreliable.ts';

test('a worker that stood still until its page was published wakes up and replaces nothing', async ({
  world,
}) => {
  const items = await world.items('items', 500);
  // Each answer has the rows in another order, so that the two workers’ files differ.
  const { intercept: answer } = unreliable(world.uri, { cap: 1000 });
  const { promise: asked, resolve: firstAsks } = Promise.withResolvers<() => void>();
  let queries = 0;
  const server = await startServer({
    uri: world.uri,
    port: 0,
    apiKey: world.apiKey,
    intercept: (request, response, next) => {
      if (!request.path.includes('/query')) return next();
      queries += 1;
      if (queries === 1) firstAsks(() => answer(request, response, next));
      else answer(request, response, next);
    },
  });
  try {
    await world.configure(server.url);
    const frozen = await world.worker();
    const running = world.producer('run');
    const release = await asked;
    frozen.send('SIGSTOP');
    release();
    await world.worker();
    expect((await running.ended).code).toBe(0);
    const table = world.lake.staging.table('items');
    const [file] = (await readSnapshot(table))?.files ?? [];
    const place = table.locate(file?.path ?? '');
    const published = await readFile(place);

    frozen.send('SIGCONT');
    await frozen.says(/"page":0/);
    expect((await frozen.kill('SIGTERM')).code).toBe(0);
    expect(queries).toBe(2);
    expect((await readFile(place)).equals(published)).toBe(true);
    expect(differences(await world.lake.rows('items'), items)).toEqual([]);
  } finally {
    await server.close();
  }
});

test('a page that another worker stages while it is transformed ends with that one’s receipt and file', async ({
  world,
}) => {
  await world.items('items', 500);
  const { intercept } = unreliable(world.uri, { cap: 1000 });
  const server = await startServer({ uri: world.uri, port: 0, apiKey: world.apiKey, intercept });
  const pool = new TransformPool(1);
  try {
    await world.configure(server.url);
    await world.offload('run', '--detach');
    const { staging } = world.lake;
    const plan = await staging.readPlan(await world.lake.openRun('items'));
    const env = { ...process.env, LANCEDB_API_KEY: world.apiKey };
    const { connection } = await loadConfig(path.join(world.folder, 'offload.yaml'), env);
    const page = { index: 0, offset: 0, limit: 500, scan: 'rows', repair: false } as const;
    const { signal } = new AbortController();
    const folder = staging.table('items').locate('');
    let staged: Buffer | undefined;
    const deps = (worker: string): PageDeps => ({
      source: createLanceClient(connection, { userAgent: 'test' }),
      staging,
      transform: pool.transform.bind(pool),
      sizes: new RequestSizes(),
      worker,
      tracing: NO_TRACING,
    });
    const slow: PageDeps = {
      ...deps('slow'),
      transform: async (task, cancelled) => {
        const made = await pool.transform(task, cancelled);
        const { files } = await stagePage(plan, page, deps('quick'), signal);
        staged = await readFile(path.join(folder, files[0]?.path ?? ''));
        return made;
      },
    };
    const receipt = await stagePage(plan, page, slow, signal);
    expect(receipt.worker).toBe('quick');
    const left = await readFile(path.join(folder, receipt.files[0]?.path ?? ''));
    expect(staged?.equals(left)).toBe(true);
  } finally {
    await pool.close();
    await server.close();
  }
});
