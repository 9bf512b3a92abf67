import { expect, inject, vi } from 'vitest';
import { tableOptionsSchema } from '@lance-offload/base';
import { readLog } from '@lance-offload/delta';
import { queryFilterOf } from '@lance-offload/core';
import { stagePage } from '../../../core/test/lake-fixture.ts';
import { lakeQuery, pagesOf, type Row } from '../../../core/test/merge/typed-table.ts';
import { test as base, TYPES } from '../../../core/test/plan/changing-source.ts';
import { RacingFleet } from './racing-fleet.ts';

vi.setConfig({ testTimeout: 600_000 });

// Two fleets, each with a Redis of its own, on one lake: what either does is settled in the lake alone.

const MODES = ['APPEND_ONLY', 'SCD_TYPE_1', 'SCD_TYPE_2'] as const;

/** `SOAK=1` runs as many races in every mode. */
const RACES = { APPEND_ONLY: 20, SCD_TYPE_1: 5, SCD_TYPE_2: 5 };
const racesOf = (mode: (typeof MODES)[number]): number => (process.env['SOAK'] ? 40 : RACES[mode]);

/** A source whose rows of a version are two that are new, and one of each earlier version, changed. */
function rowsAt(version: number): Row[] {
  return Array.from({ length: version * 2 }, (_, id) => {
    const changed = id % 2 === 0 ? version : Math.floor(id / 2) + 1;
    return { id, at: changed, name: `${id} of ${changed}` };
  });
}

/** The rows a filter of a cursor lets through. */
function selected(rows: readonly Row[], filter: string | undefined): readonly Row[] {
  if (filter === undefined) return rows;
  const from = /`at` >= CAST\('(\d+)'/.exec(filter)?.[1];
  if (from === undefined) throw new Error(`${filter} is no filter of a cursor`);
  return rows.filter(({ at }) => Number(at) >= Number(from));
}

const test = base.extend<{ fleets: readonly [RacingFleet, RacingFleet] }>({
  fleets: async ({ world }, use) => {
    const open = (database: number) =>
      RacingFleet.open(`${inject('redisUrl')}/${database}`, world.staging, world.client, (plan, index) =>
        stagePage(
          plan,
          index,
          world.staging,
          pagesOf(TYPES, selected(rowsAt(plan.sourceVersion), queryFilterOf(plan))),
        ),
      );
    const fleets = [await open(16), await open(17)] as const;
    await use(fleets);
    await Promise.all(fleets.map((fleet) => fleet.close()));
  },
});

/** What the lake must hold after races over the versions up to one: every row of every version that was read, once. */
function expectedRows(mode: (typeof MODES)[number], cursor: boolean, version: number): unknown[][] {
  const versions = Array.from({ length: version }, (_, index) => index + 1);
  const read = versions.map((one) => rowsAt(one).filter((row) => !cursor || row['at'] === one));
  const appended = read.flat();
  const states = [...new Map(appended.map((row) => [JSON.stringify(row), row])).values()];
  const rows = mode === 'APPEND_ONLY' ? appended : mode === 'SCD_TYPE_1' ? rowsAt(version) : states;
  return rows
    .map(({ id, at, name }) => [id, at, name])
    .toSorted(([a, b], [c, d]) => Number(a) - Number(c) || Number(b) - Number(d));
}

for (const mode of MODES) {
  for (const cursor of [false, true]) {
    test(`${racesOf(mode)} races of two fleets for a version of a table, ${mode} ${cursor ? 'with' : 'without'} a cursor: it is published once, and the other is told`, async ({
      world,
      fleets,
    }) => {
      const options = tableOptionsSchema.parse({
        ingestion_type: mode,
        ...(mode !== 'APPEND_ONLY' && { primary_keys: ['id'], detect_deletes: false }),
        ...(cursor && { cursor_field: 'at' }),
      });
      const request = { table: 'documents', destination: 'documents', source: world.client.url, options };
      const races = racesOf(mode);
      let refusals = 0;
      for (let version = 1; version <= races; version++) {
        const rows = rowsAt(version);
        world.source.version = version;
        world.source.rows = rows;
        world.source.count = (predicate) =>
          /`id` IS NULL/.test(predicate ?? '') ? 0 : selected(rows, predicate).length;
        const contests = await Promise.all(fleets.map((fleet) => fleet.contend(request)));
        const reports = contests.map(({ report }) => report).toSorted((a, b) => (a.state < b.state ? -1 : 1));
        expect(reports).toMatchObject([
          { state: 'published', verified: true, deltaVersion: version - 1, sourceVersion: version },
          { state: 'unchanged', deltaVersion: version - 1, sourceVersion: version },
        ]);
        const named = new Set(contests.flatMap(({ refusedFor }) => refusedFor));
        for (const runId of named) expect(reports.map((report) => report.runId)).toContain(runId);
        refusals += named.size;
      }
      expect(refusals).toBeGreaterThanOrEqual(races);
      expect(await readLog(world.staging.table('documents'))).toHaveLength(races);
      const held = await lakeQuery(world.staging, 'SELECT id, "at", name FROM documents ORDER BY id, "at"');
      expect(held).toEqual(expectedRows(mode, cursor, races));
    });
  }
}
