import { createHash } from 'node:crypto';
import { connect, type Connection, type Table } from '@lancedb/lancedb';
import type { ServerOptions } from '@lance-offload/lancedb-server';
import { arrow } from './arrow.ts';

type Intercept = NonNullable<ServerOptions['intercept']>;
type Response = Parameters<Intercept>[1];
type Rows = Awaited<ReturnType<ReturnType<Table['query']>['toArrow']>>;

/** How a server may misbehave that scans as it likes. */
export interface Whims {
  /** Most rows of an answer, whatever `k` says. */
  readonly cap?: number;
  /** Share of rows left out of the first answer to each request. */
  readonly missing?: number;
  /** Share of rows that stand in an answer twice, and push others out of it. */
  readonly repeated?: number;
  /** Rows come in another order each time, unless it is fixed. */
  readonly order?: 'fixed' | 'none';
  /** The same question has the same answer, however often it is asked. */
  readonly stubborn?: boolean;
  /** Share of answers, to whatever request, that fail: 500 to 504, a reset connection, a body that is cut short. */
  readonly faults?: number;
}

interface Query {
  readonly k: number;
  readonly offset?: number;
  readonly version?: number;
  readonly filter?: string;
  readonly columns?: string[];
}

/** A server that misbehaves, and what it was asked. */
export interface Unreliable {
  readonly intercept: Intercept;
  /** All requests, those of them that are queries, and those that were answered with a fault. */
  readonly asked: { requests: number; queries: number; faults: number };
}

/** A generator of numbers from 0 to 1, the same at each run of a test (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** So many of the items, at random, in random order. */
function sample<T>(items: readonly T[], size: number, next: () => number): T[] {
  const chosen = new Map<number, T>();
  for (let at = 0; at < size; at++) {
    // Fisher–Yates, of which only the places that are touched are kept.
    const other = at + Math.floor(next() * (items.length - at));
    const [mine, theirs] = [chosen.get(at) ?? items[at], chosen.get(other) ?? items[other]];
    if (mine === undefined || theirs === undefined) break;
    chosen.set(at, theirs);
    chosen.set(other, mine);
  }
  return Array.from({ length: size }, (_, at) => chosen.get(at)).filter((item) => item !== undefined);
}

/** All rows of a table at a version, and where each is. */
interface Snapshot {
  readonly table: Table;
  readonly rows: Rows;
  readonly places: ReadonlyMap<bigint, number>;
  /** Ids by filter. Filters for row ids are many, and the engine answers them each time. */
  readonly listed: Map<string, bigint[]>;
}

const rowIdsOf = (rows: Rows): bigint[] => [...(rows.getChild('_rowid') ?? [])].map(BigInt);

async function openSnapshot(db: Connection, name: string, version: number | undefined): Promise<Snapshot> {
  const table = await db.openTable(name);
  if (version !== undefined) await table.checkout(version);
  const rows = await table.query().withRowId().toArrow();
  const places = new Map(rowIdsOf(rows).map((id, place) => [id, place]));
  return { table, rows, places, listed: new Map() };
}

/** Ids that a filter names, or those the engine finds. */
async function idsOf({ table, listed }: Snapshot, filter = ''): Promise<bigint[]> {
  const known = listed.get(filter);
  if (known) return known;
  const query = table.query().withRowId().select(['_rowid']);
  const ids = rowIdsOf(await (filter === '' ? query : query.where(filter)).toArrow());
  if (!filter.includes('_rowid')) listed.set(filter, ids);
  return ids;
}

/** The rows of these ids, in this order, an id that stands there twice twice; as an IPC stream. */
function rowsOf({ rows, places }: Snapshot, ids: readonly bigint[], columns: string[] | undefined): Buffer {
  const names = columns ? new Set([...columns, '_rowid']) : undefined;
  const wanted = rows.schema.fields.filter(({ name }) => names?.has(name) ?? true);
  // In one batch: an answer of a batch per row would cost both sides more than all else.
  const taken = wanted.map(({ name, type }) => {
    const column = rows.getChild(name);
    const values = ids.map((id): unknown => {
      const value: unknown = column?.get(places.get(id) ?? 0);
      return value instanceof arrow.Vector ? value.toArray() : value;
    });
    return [name, arrow.vectorFromArray(values, type)] as const;
  });
  return Buffer.from(arrow.tableToIPC(new arrow.Table(Object.fromEntries(taken)), 'stream'));
}

/** What becomes of an answer that fails; `body` is the one it should have been. */
function spoil(response: Response, body: Buffer, next: () => number): void {
  const kind = Math.floor(next() * 7);
  const half = body.subarray(0, body.length / 2);
  if (kind < 4) response.status([500, 502, 503, 504][kind] ?? 500).json({ error: 'out of order' });
  else if (kind === 4) response.socket?.resetAndDestroy();
  else if (kind === 5) response.type('application/vnd.apache.arrow.stream').send(half);
  else response.writeHead(200, { 'content-length': body.length }).write(half, () => response.destroy());
}

/**
 * Answers queries itself, from the engine's rows, in another order each time, with rows left out and rows repeated; all
 * other requests are served as ever, but for those that fail.
 */
export function unreliable(uri: string, whims: Whims, seed = 7): Unreliable {
  const { cap = Number.POSITIVE_INFINITY, missing = 0, repeated = 0, faults = 0 } = whims;
  const everywhere = random(seed);
  const seen = new Set<string>();
  const snapshots = new Map<string, Promise<Snapshot>>();
  const asked = { requests: 0, queries: 0, faults: 0 };
  let db: Promise<Connection> | undefined;

  async function answer(name: string, query: Query): Promise<Buffer> {
    const { k, offset = 0, version, filter, columns } = query;
    db ??= connect(uri);
    const key = `${name} ${version}`;
    const opened = snapshots.get(key) ?? openSnapshot(await db, name, version);
    snapshots.set(key, opened);
    const snapshot = await opened;
    const ids = await idsOf(snapshot, filter);
    const request = `${key} ${offset} ${k} ${filter}`;
    const hash = () => createHash('sha256').update(request).digest().readInt32LE();
    const next = whims.stubborn ? random(hash()) : everywhere;
    // The rows from `offset` on of a random order are just random rows.
    const size = Math.max(0, Math.min(k, cap, ids.length - offset));
    const slice = whims.order === 'fixed' ? ids.slice(offset, offset + size) : sample(ids, size, next);
    const isWhole = seen.has(request) && !whims.stubborn;
    const kept = isWhole ? slice : slice.filter(() => next() >= missing);
    seen.add(request);
    const most = Math.min(k, cap);
    const rows = kept.flatMap((id) => (next() < repeated ? [id, id] : [id])).slice(0, most);
    return rowsOf(snapshot, rows, columns);
  }

  const intercept: Intercept = (request, response, proceed) => {
    asked.requests += 1;
    const [, table] = /^\/v1\/table\/([^/]+)\/query\/?$/.exec(request.path) ?? [];
    const fails = everywhere() < faults;
    if (fails) asked.faults += 1;
    if (table === undefined) {
      if (fails) spoil(response, Buffer.from('{"version": 1, "tables": []}'), everywhere);
      else proceed();
      return;
    }
    asked.queries += 1;
    const sent = async () => {
      const body = await answer(decodeURIComponent(table), request.body as Query);
      if (fails) spoil(response, body, everywhere);
      else response.type('application/vnd.apache.arrow.stream').send(body);
    };
    sent().catch((error: unknown) => response.status(500).json({ error: String(error) }));
  };
  return { intercept, asked };
}
