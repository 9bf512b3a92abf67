import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Overview, Point, RunRow, TableRow, WorkerRow } from '../../src/api/answers.ts';
import { diffOverviews } from '../../src/api/overview-diff.ts';
import { applyPatch } from './apply-patch.ts';

const count = fc.nat({ max: 2 });
const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');

function rows<Row>(key: fc.Arbitrary<string>, row: (key: string, value: number) => Row): fc.Arbitrary<Row[]> {
  const keys = fc.uniqueArray(key).map((all) => all.toSorted());
  return fc
    .tuple(keys, fc.infiniteStream(count))
    .map(([all, values]) => all.map((one) => row(one, values.next().value as number)));
}

const tables = rows(name, (table, value) => ({ table, rows: value }) as TableRow);
const workers = rows(
  name,
  (id, value) => ({ id, rows: value, work: [{ sinceMs: value }] }) as unknown as WorkerRow,
);
const runs = rows(
  name,
  (runId, rowCount) => ({ runId, startedAtMs: runId < 'c' ? 2 : 1, rows: rowCount }) as RunRow,
);
/** Of an hour that ends between 3,600 and 3,630 s, the last points with any value. */
const points = fc.tuple(fc.nat({ max: 3 }), count).map(([late, value]) =>
  Array.from({ length: 360 }, (_, index) => {
    const t = (index + late) * 10;
    return { t, rows: t < 3600 ? 0 : value } as Point;
  }),
);

const overview: fc.Arbitrary<Overview> = fc
  .record({ tables, workers, runs, points, atMs: count, runsTotal: count })
  .map(
    (parts) =>
      ({
        ...parts,
        fleet: { failures: parts.atMs },
        control: { fleetPaused: parts.atMs > 1 },
        pointSeconds: 10,
        queues: [{ name: 'page', waiting: parts.atMs }],
      }) as unknown as Overview,
  );

test('an overview and a patch make the next overview', () => {
  fc.assert(
    fc.property(overview, overview, (before, after) => {
      const later = before.points.length > 0 && (before.points[0]?.t ?? 0) > (after.points[0]?.t ?? 0);
      const [first, second] = later ? [after, before] : [before, after];
      expect(applyPatch(first, diffOverviews(first, second))).toEqual(second);
    }),
  );
});

test('a patch between overviews that differ in nothing but their time names no rows', () => {
  fc.assert(
    fc.property(overview, (before) => {
      const patch = diffOverviews(before, { ...structuredClone(before), atMs: before.atMs + 1 });
      expect(patch).toMatchObject({ points: [], tables: [], workers: [], queues: [], runs: [] });
      expect(patch.gone).toEqual({ tables: [], workers: [], runs: [] });
    }),
  );
});
