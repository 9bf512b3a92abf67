import type { RunReport } from '@lance-offload/core';
import type { Source } from './source.ts';
import type { World } from './world.ts';

/** Options of a table, as in offload.yaml. */
type Options = Readonly<Record<string, unknown>>;

/** What a run of one table sent, reported and left in the lake. */
export interface Offloaded {
  readonly report: RunReport;
  readonly queries: readonly unknown[];
  /** The lake's rows, the nearest first where it was a search. */
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly ids: readonly unknown[];
  readonly distances: readonly number[];
}

async function offloaded(
  world: World,
  source: Source,
  report: RunReport,
  orderBy: string,
): Promise<Offloaded> {
  const { table } = report;
  const isSearch = source.queries(table).some(({ body }) => JSON.stringify(body).includes('vector_column'));
  const rows = await world.lake.rows(table, isSearch ? '_distance' : orderBy);
  return {
    report,
    queries: source.queries(table).map(({ body }) => body),
    rows,
    ids: rows.map((row) => row['id']),
    distances: rows.map((row) => Number(row['_distance'])),
  };
}

/**
 * Offloads one table of the engine several times over in one run, under other names, each with options of its own.
 *
 * @param orderBy the column the rows of scans are read by.
 * @returns what became of each.
 */
export async function offloadEach<Name extends string>(
  world: World,
  engineTable: string,
  runs: Readonly<Record<Name, Options>>,
  orderBy = 'id',
): Promise<Record<Name, Offloaded>> {
  const names = Object.keys(runs);
  const source = await world.serve({ tables: runs }, {}, new Map(names.map((name) => [name, engineTable])));
  await world.worker();
  const { tables } = await world.ask<{ readonly tables: readonly RunReport[] }>('run');
  const found = await Promise.all(
    tables.map(async (report) => [report.table, await offloaded(world, source, report, orderBy)] as const),
  );
  return Object.fromEntries(found) as Record<Name, Offloaded>;
}
