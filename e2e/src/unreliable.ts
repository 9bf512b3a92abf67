import { connect, type Connection, type Table } from '@lancedb/lancedb';
import type { ServerOptions } from '@lance-offload/lancedb-server';
import { arrow } from './arrow.ts';

type Intercept = NonNullable<ServerOptions['intercept']>;

/** How a server may misbehave that scans as it likes. */
export interface Whims {
  /** Most rows of an answer, whatever `k` says. */
  readonly cap: number;
  /** Share of rows left out of the first answer to each request. */
  readonly missing: number;
  /** Share of rows that stand in an answer twice. */
  readonly repeated: number;
}

interface Query {
  readonly k: number;
  readonly offset?: number;
  readonly version?: number;
  readonly filter?: string;
  readonly columns?: string[];
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

/** Ids that a filter names, or those the engine finds. */
async function idsOf(table: Table, filter: string | undefined): Promise<bigint[]> {
  const query = table.query().withRowId().select(['_rowid']);
  const found = await (filter === undefined ? query : query.where(filter)).toArrow();
  return [...(found.getChild('_rowid') ?? [])].map(BigInt);
}

/** The rows of these ids, in this order, an id that stands there twice twice; as an IPC stream. */
async function rowsOf(table: Table, ids: readonly bigint[], columns: string[] | undefined): Promise<Buffer> {
  const query = table
    .query()
    .withRowId()
    .where(`_rowid IN (${[...new Set(ids)].join(',')})`);
  const found = await (columns ? query.select(columns.filter((name) => name !== '_rowid')) : query).toArrow();
  const places = new Map([...(found.getChild('_rowid') ?? [])].map((id, row) => [BigInt(id), row]));
  const rows = ids.map((id) => found.slice(places.get(id) ?? 0, (places.get(id) ?? 0) + 1));
  const [first, ...rest] = rows;
  const all = first ? first.concat(...rest) : found.slice(0, 0);
  return Buffer.from(arrow.tableToIPC(all, 'stream'));
}

/**
 * Answers queries itself, from the engine's rows, in another order each time, with rows left out and rows repeated; all
 * other requests are served as ever.
 */
export function unreliable(uri: string, whims: Whims, seed = 7): Intercept {
  const next = random(seed);
  const seen = new Set<string>();
  const listed = new Map<string, Promise<bigint[]>>();
  let db: Promise<Connection> | undefined;

  async function answer(name: string, { k, offset = 0, version, filter, columns }: Query): Promise<Buffer> {
    db ??= connect(uri);
    const table = await (await db).openTable(name);
    if (version !== undefined) await table.checkout(version);
    const key = `${name} ${version} ${filter}`;
    const ids = await (listed.get(key) ?? idsOf(table, filter));
    if (!filter?.includes(' IN ')) listed.set(key, Promise.resolve(ids));
    // The rows from `offset` on of a random order are just random rows.
    const size = Math.max(0, Math.min(k, whims.cap, ids.length - offset));
    const slice = sample(ids, size, next);
    const request = `${key} ${offset} ${k}`;
    const kept = seen.has(request) ? slice : slice.filter(() => next() >= whims.missing);
    seen.add(request);
    const rows = kept.flatMap((id) => (next() < whims.repeated ? [id, id] : [id])).slice(0, slice.length);
    const body = await rowsOf(table, rows, columns);
    table.close();
    return body;
  }

  return (request, response, proceed) => {
    const [, table] = /^\/v1\/table\/([^/]+)\/query\/?$/.exec(request.path) ?? [];
    if (table === undefined) return proceed();
    answer(decodeURIComponent(table), request.body as Query).then(
      (body) => response.type('application/vnd.apache.arrow.stream').send(body),
      (error: unknown) => response.status(500).json({ error: String(error) }),
    );
  };
}
