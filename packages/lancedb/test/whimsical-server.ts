import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createHash } from 'node:crypto';
import * as arrow from 'apache-arrow';
import { createLanceClient, type LanceClient } from '../src/client.ts';
import { bodyOf } from './arrow-bodies.ts';
import { connectionTo } from './http-server.ts';

/** How a server may misbehave that answers queries for row ids. */
export interface Whims {
  /** Answers rows in another order each time. */
  readonly noOrder?: boolean;
  /** Most rows of an answer, whatever `k` says. */
  readonly cap?: number;
  /** Share of rows left out of an answer. */
  readonly missing?: number;
  /** Share of rows that stand in an answer twice, and push others out of it. */
  readonly repeated?: number;
  /** Share of rows that stand twice in the table's order itself, so that its last rows lie behind as many as are counted. */
  readonly twins?: number;
  /** The same question has the same answer, however often it is asked. */
  readonly stubborn?: boolean;
  /** Share of requests that fail: with a status, a reset, or a body that is cut short. */
  readonly faults?: number;
  /** Knows no filters for row ids. */
  readonly noIdFilters?: boolean;
}

interface Query {
  readonly k: number;
  readonly offset: number;
  readonly filter?: string;
}

export interface WhimsicalServer {
  readonly client: LanceClient;
  readonly queries: Query[];
  /** Queries that failed. */
  faults: number;
  /** From now on every query fails but for so many. */
  failAfter(answers: number): void;
  heal(): void;
  close(): void;
}

/** Numbers from 0 to 1, the same for a seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => [next(), item] as const)
    .toSorted(([a], [b]) => a - b)
    .map(([, item]) => item);
}

/** The filters a listing sends, as a predicate. */
function matcher(filter: string | undefined): (id: bigint) => boolean {
  if (filter === undefined) return () => true;
  const listed = (pattern: RegExp) => pattern.exec(filter)?.[1]?.split(',').map(BigInt);
  const one = (pattern: RegExp) => BigInt(pattern.exec(filter)?.[1] ?? -1);
  const inside = listed(/^_rowid IN \((.*)\)/);
  if (inside) {
    const ids = new Set(inside);
    return (id) => ids.has(id);
  }
  const [least, most] = [one(/_rowid >= (\d+)/), one(/_rowid <= (\d+)/)];
  const but = new Set(listed(/NOT IN \((.*)\)/));
  return (id) => id >= least && (most < 0n || id <= most) && !but.has(id);
}

function cutShort(response: ServerResponse, body: Uint8Array, next: () => number): void {
  const kind = Math.floor(next() * 7);
  if (kind < 4) response.writeHead([500, 502, 503, 504][kind] ?? 500).end('no');
  else if (kind === 4) response.destroy();
  else if (kind === 5) response.writeHead(200).end(body.subarray(0, body.length / 2));
  else {
    response.writeHead(200, { 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2), () => response.destroy());
  }
}

async function readQuery(request: IncomingMessage): Promise<Query> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const query: Query = JSON.parse(text);
  return query;
}

/** Serves a table of nothing but row ids, over real HTTP. */
export async function serveIds(
  ids: readonly bigint[],
  whims: Whims,
  maxRetries = 8,
): Promise<WhimsicalServer> {
  const everywhere = random(1);
  const queries: Query[] = [];
  let answersLeft = Number.POSITIVE_INFINITY;
  const { cap = ids.length, missing = 0, repeated = 0, twins = 0, faults = 0 } = whims;
  const answer = (query: Query): bigint[] => {
    const hash = createHash('sha256')
      .update(JSON.stringify([query.k, query.offset, query.filter]))
      .digest();
    const next = whims.stubborn ? random(hash.readInt32LE()) : everywhere;
    const matching = ids.filter(matcher(query.filter));
    const rows = matching.flatMap((id) => (Number(id % 1000n) < 1000 * twins ? [id, id] : [id]));
    const ordered = whims.noOrder ? shuffled(rows, next) : rows;
    const size = Math.min(query.k, cap);
    const window = ordered.slice(query.offset, query.offset + size);
    const kept = window.filter(() => next() >= missing);
    return kept.flatMap((id) => (next() < repeated ? [id, id] : [id])).slice(0, size);
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const query = await readQuery(request);
    queries.push(query);
    answersLeft -= 1;
    if (answersLeft < 0) return void response.writeHead(503).end('no more');
    if (whims.noIdFilters && query.filter !== undefined)
      return void response.writeHead(400).end('no such column');
    const values = BigUint64Array.from(answer(query));
    const column = arrow.makeData({
      type: new arrow.Uint64(),
      length: values.length,
      nullCount: 0,
      data: values,
    });
    const body = bodyOf([{ _rowid: column }]);
    if (everywhere() >= faults) return void response.writeHead(200).end(body);
    served.faults += 1;
    cutShort(response, body, everywhere);
  };
  const server = createServer((request, response) => void respond(request, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const connection = connectionTo(`http://127.0.0.1:${port}`, { max_retries: maxRetries });
  const served: WhimsicalServer = {
    client: createLanceClient(connection, { userAgent: 'core-test' }),
    queries,
    faults: 0,
    failAfter: (answers) => void (answersLeft = answers),
    heal: () => void (answersLeft = Number.POSITIVE_INFINITY),
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return served;
}
