import type { RunReport } from '@lance-offload/core';
import { startServer } from '@lance-offload/lancedb-server';
import { expect } from 'vitest';
import { test } from '../src/fixtures.ts';
import { differences } from '../src/lake.ts';
import { unreliable } from '../src/unreliable.ts';

const ROWS = 20_000;
const WHIMS = { cap: 137, missing: 0.05, repeated: 0.02 };

interface Answer {
  readonly tables: readonly (RunReport & { readonly failures: readonly object[] })[];
}

for (const filter of [undefined, 'id % 2 = 0 OR price > 100']) {
  const scan = filter === undefined ? 'without a filter' : 'with a filter';
  test(`a server in no fixed order that caps k, leaves rows out and repeats some: every row arrives once, ${scan}`, async ({
    world,
  }) => {
    const items = await world.items('items', ROWS);
    const expected = items.filter(({ id, price }) => filter === undefined || id % 2 === 0 || price > 100);
    const server = await startServer({
      uri: world.uri,
      port: 0,
      apiKey: world.apiKey,
      intercept: unreliable(world.uri, WHIMS).intercept,
    });
    try {
      await world.configure(server.url, {
        tables: { items: filter === undefined ? {} : { filter_expression: filter } },
      });
      await world.worker();
      const { tables } = await world.ask<Answer>('run');
      expect(tables).toMatchObject([
        {
          state: 'published',
          verified: true,
          sourceRows: expected.length,
          lakeRows: expected.length,
          distinctRowIds: expected.length,
        },
      ]);
      const [report] = tables;
      if (filter === undefined) {
        expect(report?.missing).toBeGreaterThan(ROWS / 10);
        expect(report).toMatchObject({ pages: ROWS / 10_000, repairs: expect.any(Number) });
        expect(report?.repairs).toBeGreaterThan(0);
        expect((await world.offload('status', report?.runId ?? '')).out).toMatch(/\b2 \+ \d+ repairs?\b/);
      }
      expect(report?.repeated).toBeGreaterThan(0);
      expect(report?.notes.join()).toContain('more than once; each is in the lake once');
      expect(differences(await world.lake.rows('items'), expected)).toEqual([]);
    } finally {
      await server.close();
    }
  });
}
