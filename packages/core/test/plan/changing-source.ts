import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { tableOptionsSchema } from '@lance-offload/base';
import type { LanceClient, LanceField } from '@lance-offload/lancedb';
import { PAYLOAD_VERSION, type PlanJob } from '../../src/plan/plan-job.ts';
import { commitRun } from '../../src/commit/commit-run.ts';
import type { RunReport } from '../../src/commit/report.ts';
import { openLake, type Staging } from '../../src/stage/staging.ts';
import { buildPlan, type PlannedRun } from '../../src/plan/build-plan.ts';
import { bodyOf, int64, rowIds, type Columns } from '../../../lancedb/test/arrow-bodies.ts';
import { fieldsOf, pagesOf, stageTable, type Row, type Types } from '../merge/typed-table.ts';
import {
  json,
  test as base,
  type Answer,
  type Seen,
  type Served,
} from '../../../lancedb/test/http-server.ts';

/** A source with one table. What it holds may change between runs. */
interface Source {
  version: number;
  /** When its version 1 was written, in milliseconds; each later one a minute after the one before. Absent: no server tells. */
  bornMs: number | undefined;
  /** The oldest version that has not been cleaned up. */
  oldest: number;
  types: Types;
  /** A column of a type that `types` has no word for, in tables without rows. */
  vector?: LanceField;
  rows: readonly Row[];
  /** Rows that match a predicate; all of them, and none for one that asks for nulls, where absent. */
  count?: (predicate: string | undefined) => number;
  /** Predicates it does not understand. */
  refuses?: (predicate: string | undefined) => boolean;
}

export const TYPES: Types = { id: 'int64', at: 'int64', name: 'string' };
/** The versions of a source, with their times. */
export function versionsOf({
  version,
  bornMs = 0,
  oldest,
}: Pick<Source, 'version' | 'bornMs' | 'oldest'>): object[] {
  return Array.from({ length: version - oldest + 1 }, (_, index) => ({
    version: oldest + index,
    timestamp: new Date(bornMs + (oldest + index) * 60_000).toISOString(),
  }));
}

export const ROWS: readonly Row[] = [1, 2, 3].map((id) => ({ id, at: id * 10, name: `name ${id}` }));

interface RowsQuery {
  readonly columns?: readonly string[];
  readonly filter?: string;
  readonly k: number;
}

/** A query for some rows, or for those of some ids: the id of a row is its place. */
const asksForRows = ({ filter }: RowsQuery): boolean =>
  filter === undefined || filter.startsWith('_rowid IN');

function rowsFor({ columns = [], filter, k }: RowsQuery, { types, rows }: Source): Uint8Array {
  const asked =
    /\(([\d,]+)\)/
      .exec(filter ?? '')?.[1]
      ?.split(',')
      .map(Number) ?? [...rows.keys()].slice(0, k);
  const batches = asked.map((place) => pagesOf(types, rows)(place, 1));
  const kept = (batch: Columns) =>
    Object.fromEntries(Object.entries(batch).filter(([name]) => name === '_rowid' || columns.includes(name)));
  return bodyOf(batches.map(kept), 'stream');
}

function arrowAnswer(body: Uint8Array): Answer {
  return (response) =>
    response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.stream' }).end(body);
}

function answerOf(source: Source): Answer {
  return (response, request) => {
    const operation = /\/(\w+)\/$/.exec(request.url)?.[1];
    const fields = [...fieldsOf(source.types), ...(source.vector ? [source.vector] : [])];
    if (operation === 'describe') {
      const { version } = request.body as { version: number | null };
      return json(200, { version: version ?? source.version, schema: { fields } })(response, request);
    }
    if (operation === 'query' && asksForRows(request.body as RowsQuery))
      return arrowAnswer(rowsFor(request.body as RowsQuery, source))(response, request);
    if (operation === 'query') {
      const rows = bodyOf([{ id: int64([null, 4n]), at: int64([1n, null]), _rowid: rowIds(7, 2) }], 'file');
      return response.writeHead(200, { 'content-type': 'application/vnd.apache.arrow.file' }).end(rows);
    }
    if (operation === 'list' && source.bornMs !== undefined)
      return json(200, { versions: versionsOf(source) })(response, request);
    if (operation !== 'count_rows') return json(404, { error: 'no such operation' })(response, request);
    const { predicate } = request.body as { predicate?: string };
    if (source.refuses?.(predicate)) return json(400, { error: 'no such function' })(response, request);
    const counted =
      source.count?.(predicate) ?? (/`(?:id|name)` IS NULL/.test(predicate ?? '') ? 0 : source.rows.length);
    return json(200, counted)(response, request);
  };
}

export class World {
  readonly source: Source = { bornMs: 0, oldest: 1, version: 5, types: TYPES, rows: ROWS };
  readonly staging: Staging;
  readonly #served: Served;
  #runs = 0;

  constructor(root: string, served: Served) {
    this.staging = openLake(root);
    this.#served = served;
  }

  get seen(): readonly Seen[] {
    return this.#served.seen;
  }

  get client(): LanceClient {
    return this.#served.client;
  }

  /** Plans a run with options as they stand in offload.yaml. */
  plan(options: object, changes: Partial<PlanJob> = {}): Promise<PlannedRun> {
    this.#runs += 1;
    const job: PlanJob = {
      payloadVersion: PAYLOAD_VERSION,
      runId: `documents-20261122T101500Z-${String(this.#runs).padStart(4, '0')}`,
      table: 'documents',
      destination: 'documents',
      source: this.#served.client.url,
      startedAtMs: this.#runs,
      options: tableOptionsSchema.parse(options),
      full: false,
      sweepDeletes: false,
      ...changes,
    };
    const { client: source } = this.#served;
    return buildPlan(job, { source, staging: this.staging, pageBytes: 65_536, createdBy: 'core-test' });
  }

  /** Plans, stages and commits a run over what the source holds. */
  async offload(options: object, changes: Partial<PlanJob> = {}): Promise<RunReport> {
    const { plan } = await this.plan(options, changes);
    await stageTable(this.staging, plan, this.source);
    return commitRun(plan, this.staging);
  }
}

/** A test with a source that can be changed between runs, and a lake. */
export const test = base.extend<{ world: World }>({
  world: async ({ serve }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'core-cases-'));
    const answer: { of?: Answer } = {};
    const world = new World(path.join(folder, 'lake'), await serve([(...asked) => answer.of?.(...asked)]));
    answer.of = answerOf(world.source);
    await use(world);
    await rm(folder, { recursive: true });
  },
});
