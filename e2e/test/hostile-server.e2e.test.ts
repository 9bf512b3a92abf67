import type { RunReport } from '@lance-offload/core';
import { startServer } from '@lance-offload/lancedb-server';
import { expect } from 'vitest';
import { editTable } from '../src/edit-table.ts';
import { test } from '../src/fixtures.ts';
import { createTable, makeItems, type Item } from '../src/items.ts';
import { differences } from '../src/lake.ts';
import { isSoak, sized } from '../src/soak.ts';
import { unreliable, type Whims } from '../src/unreliable.ts';
import type { World } from '../src/world.ts';

/** Where it does all of it; a longer run: `HOSTILE_ROWS=200000 HOSTILE_SHARE=2`. */
const ROWS = Number(process.env['HOSTILE_ROWS'] ?? sized(6000, 20_000));
/** Where a server does one of it alone; `npm run soak` takes as many. */
const ROWS_ALONE = Number(process.env['HOSTILE_ROWS'] ?? sized(3000, 20_000));
/** Times all rates. */
const SHARE = Number(process.env['HOSTILE_SHARE'] ?? 1);
const PAGE_ROWS = 1000;
const CAP = 137;

const REPEATS: Whims = { repeated: 0.02 * SHARE };
const MISSING: Whims = { missing: 0.05 * SHARE };
const FAULTS: Whims = { faults: 0.2 * SHARE };

const MODES = {
  append: {},
  newest: { ingestion_type: 'SCD_TYPE_1', primary_keys: ['id'] },
  versions: { ingestion_type: 'SCD_TYPE_2', primary_keys: ['id'] },
} as const;
type Mode = keyof typeof MODES;
const EVERY_MODE = ['append', 'newest', 'versions'] as const satisfies readonly Mode[];

const ALONE: readonly (readonly [string, Mode, Whims])[] = [
  ['repeats rows in a fixed order', 'newest', { ...REPEATS, order: 'fixed' }],
  ['repeats the same rows each time', 'append', { ...REPEATS, order: 'fixed', stubborn: true }],
  ['leaves rows out', 'versions', { ...MISSING, order: 'fixed' }],
  ['caps k', 'append', { cap: CAP, order: 'fixed' }],
  ['has no order', 'newest', { order: 'none' }],
  ['fails', 'versions', { ...FAULTS, order: 'fixed' }],
];
const ALL: Whims = { ...REPEATS, ...MISSING, ...FAULTS, cap: CAP, order: 'none' };

interface Answer {
  readonly tables: readonly (RunReport & { readonly failures: readonly object[] })[];
}

/** What the source's table holds in three versions, one after the other; each is made by a change to the one before. */
function versionsOf(count: number): Item[][] {
  const first = makeItems(count);
  const changed = first.map((item) => (item.id % 10 === 3 ? { ...item, price: item.price + 0.5 } : item));
  const second = [...changed, ...makeItems(count + count / 20).slice(count)];
  return [first, second, second.filter(({ id }) => id % 7 !== 2)];
}

async function changeTo(
  version: number,
  table: string,
  [before, after]: readonly [readonly Item[], readonly Item[]],
  uri: string,
): Promise<void> {
  await editTable(uri, table, async (edited) => {
    if (version === 1) {
      await edited.update({ where: 'id % 10 = 3', valuesSql: { price: 'price + 0.5' } });
      await edited.add(after.slice(before.length).map((row) => ({ ...row })));
    } else await edited.delete('id % 7 = 2');
  });
}

/** Queries that a server without whims takes for so many rows, whatever it caps. */
function honestQueries(rows: number, cap = Number.POSITIVE_INFINITY): number {
  const page = (size: number) => Math.ceil(size / Math.min(cap, Math.max(size, 1)));
  return Math.floor(rows / PAGE_ROWS) * page(PAGE_ROWS) + page(rows % PAGE_ROWS);
}

/** What a reader finds of a run: all rows it appended, or what counts after it. */
async function rowsAfter(mode: Mode, runId: string, world: World): Promise<readonly object[]> {
  const from = {
    append: `append WHERE _run_id = '${runId}'`,
    newest: 'newest',
    versions: 'versions_current',
  };
  return world.lake.sql(`SELECT id, title, note, price, vector FROM ${from[mode]} ORDER BY id`);
}

/** Offloads three versions of a table in each mode, and looks at every row after each run. */
async function offloadVersions(
  modes: readonly Mode[],
  whims: Whims,
  world: World,
  count = ROWS,
): Promise<void> {
  const versions = versionsOf(count);
  for (const mode of modes) await createTable(world.uri, mode, versions[0] ?? []);
  const { intercept, asked } = unreliable(world.uri, whims);
  const server = await startServer({ uri: world.uri, port: 0, apiKey: world.apiKey, intercept });
  try {
    const options = modes.map((mode) => [mode, { ...MODES[mode], batch_size: PAGE_ROWS }]);
    await world.configure(server.url, {
      tables: Object.fromEntries(options),
      connection: { initial_retry_delay: 0.02 },
    });
    await world.worker(['--concurrency', '4']);
    for (const [version, rows] of versions.entries()) {
      if (version > 0)
        for (const mode of modes)
          await changeTo(version, mode, [versions[version - 1] ?? [], rows], world.uri);
      const before = { ...asked };
      const { tables } = await world.ask<Answer>('run');
      for (const [index, mode] of modes.entries()) {
        const report = tables[index];
        expect(report).toMatchObject({
          table: mode,
          state: 'published',
          verified: true,
          sourceRows: rows.length,
          distinctRowIds: rows.length,
        });
        expect(differences(await rowsAfter(mode, report?.runId ?? '', world), rows)).toEqual([]);
      }
      const faults = asked.faults - before.faults;
      const others = asked.requests - before.requests - (asked.queries - before.queries);
      const most = 3 * (honestQueries(rows.length, whims.cap) * modes.length + others) + faults;
      if (process.env['HOSTILE_ROWS'])
        console.log(JSON.stringify(whims), version, asked.requests - before.requests, {
          faults,
          others,
          most,
        });
      expect(asked.requests - before.requests).toBeLessThanOrEqual(most);
    }
  } finally {
    await server.close();
  }
}

for (const [what, mode, whims] of ALONE) {
  const modes = isSoak ? EVERY_MODE : [mode];
  test(`a server that ${what}: every row of three versions arrives once, within three times the requests (${modes.join(', ')})`, async ({
    world,
  }) => offloadVersions(modes, whims, world, ROWS_ALONE));
}

test('a server that does all of it at once: every row of three versions arrives once in each mode, within three times the requests', async ({
  world,
}) => offloadVersions(EVERY_MODE, ALL, world));
