import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { attemptsOf, loadConfig } from '@lance-offload/base';
import { failureSchema, pageJobId, retryRun, type FleetLink, type RunStatus } from '@lance-offload/fleet';
import type { Fault } from './faults.ts';
import type { FleetRedis } from './fleet-redis.ts';
import type { Item } from './items.ts';
import { differences } from './lake.ts';
import type { Source } from './source.ts';
import type { World } from './world.ts';

/** What became of a run whose second page met a fault. */
export interface FaultOutcome {
  readonly name: string;
  /** The code attempts failed with; `undefined` where none did. */
  readonly code: string | undefined;
  readonly attempts: number;
  readonly requests: number;
  readonly state: string;
  /** What a reader found in the lake then, and after the fault had passed and the run was retried. */
  readonly lake: 'exact' | 'nothing' | 'wrong';
  readonly afterwards: 'exact' | 'nothing' | 'wrong';
}

export interface FaultRig {
  readonly world: World;
  readonly source: Source;
  readonly fleetRedis: FleetRedis;
  readonly items: readonly Item[];
}

export const ROWS_PER_PAGE = 20;
const SPOILT_PAGE = 1;

export const tableOf = (index: number): string => `fault_${String(index).padStart(2, '0')}`;

const isSpoilt = ({ offset = 0 }: { readonly offset: number | undefined }): boolean =>
  Math.floor(offset / ROWS_PER_PAGE) === SPOILT_PAGE;

async function lakeOf(destinations: readonly string[], { world, items }: FaultRig) {
  const there = new Set(await world.lake.tables());
  const found = destinations.filter((destination) => there.has(destination));
  const selects = found.map(
    (name) => `SELECT '${name}' AS destination, id, title, note, price, vector FROM "${name}"`,
  );
  const rows = found.length === 0 ? [] : await world.lake.sql(`${selects.join(' UNION ALL ')} ORDER BY id`);
  const byTable = Map.groupBy(rows, ({ destination }) => destination);
  return (name: string): FaultOutcome['lake'] => {
    if (!there.has(name)) return 'nothing';
    const own = (byTable.get(name) ?? []).map(({ id, title, note, price, vector }) => ({
      id,
      title,
      note,
      price,
      vector,
    }));
    return differences(own, items).length === 0 ? 'exact' : 'wrong';
  };
}

async function fleetOf({ world, fleetRedis }: FaultRig): Promise<FleetLink> {
  const config = await loadConfig(path.join(world.folder, 'offload.yaml'), { LANCEDB_API_KEY: world.apiKey });
  const { redis, queues } = fleetRedis;
  return { redis, queues, staging: world.lake.staging, prefix: world.prefix, attempts: attemptsOf(config) };
}

async function retryAndWait(runs: readonly RunStatus[], rig: FaultRig): Promise<void> {
  const fleet = await fleetOf(rig);
  for (const run of runs) await retryRun(run.runId, fleet);
  for (const run of runs) await rig.world.lake.ended(run);
}

/**
 * Offloads one table per fault, all at once; the first `times` answers for its second page are spoilt. Then the faults
 * pass, and the runs that are blocked are retried.
 */
export async function runWithFaults(
  faults: readonly Fault[],
  times: number,
  rig: FaultRig,
): Promise<FaultOutcome[]> {
  const { world, source, fleetRedis } = rig;
  const destinationOf = (index: number) => `${tableOf(index)}_${Number.isFinite(times) ? times : 'always'}`;
  const options = faults.map((_, index) => [
    tableOf(index),
    { batch_size: ROWS_PER_PAGE, destination_table: destinationOf(index) },
  ]);
  await world.configure(source.url, { ...SETTINGS, tables: Object.fromEntries(options) });
  const asked = source.requests.length;
  const spoilt = faults.map(({ spoil }, index) =>
    source.spoil(
      (request) => request.table === tableOf(index) && request.operation === 'query' && isSpoilt(request),
      spoil,
      times,
    ),
  );
  await world.offload('run', '--report', 'report.json');
  const queries = source.requests.slice(asked).filter(({ operation }) => operation === 'query');
  const report = await readFile(path.join(world.folder, 'report.json'), 'utf8');
  const { tables: runs }: { tables: RunStatus[] } = JSON.parse(report);
  const destinations = faults.map((_, index) => destinationOf(index));
  const before = await lakeOf(destinations, rig);
  const jobs = await Promise.all(
    runs.map(({ runId }) => fleetRedis.queues.page.getJob(pageJobId(runId, SPOILT_PAGE))),
  );
  const outcomes = faults.map(({ name }, index) => {
    const at = runs.findIndex(({ destination }) => destination === destinationOf(index));
    const failure = failureSchema.safeParse(jobs[at]?.progress);
    return {
      name,
      code: failure.data?.failure.code,
      attempts: jobs[at]?.attemptsMade ?? 0,
      requests: queries.filter((query) => query.table === tableOf(index) && isSpoilt(query)).length,
      state: runs[at]?.state ?? 'unknown',
      lake: before(destinationOf(index)),
    };
  });
  for (const one of spoilt) one.heal();
  await retryAndWait(
    runs.filter(({ state }) => state === 'blocked'),
    rig,
  );
  const after = await lakeOf(destinations, rig);
  return outcomes.map((outcome, index) => ({ ...outcome, afterwards: after(destinationOf(index)) }));
}

export const MAX_RETRIES = 2;

/** Short delays; the least page, so that a gzip bomb and a swollen answer are out of all proportion. */
export const SETTINGS = {
  page_bytes: 65_536,
  connection: { initial_retry_delay: 0.05, max_retries: MAX_RETRIES, request_timeout: 2 },
};
