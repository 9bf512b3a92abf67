import { gzipSync } from 'node:zlib';
import type { Genuine, Spoil } from './source.ts';

/** What a fault of the source does to the page that meets it. */
export interface Fault {
  readonly name: string;
  readonly spoil: Spoil;
  /** The code each attempt fails with; absent where the page is staged all the same. */
  readonly code?: string;
  /** Requests for the page where only the first is spoilt; absent where each attempt makes one. */
  readonly requests?: number;
  /** The page is staged within the attempt where only the first request is spoilt. */
  readonly healsInPlace?: boolean;
}

type Response = Parameters<Spoil>[0];

const ARROW = 'application/vnd.apache.arrow.file';
const STREAM = { accept: 'application/vnd.apache.arrow.stream' };
/** At the end of a stream: continuation, and no more metadata. */
const END_OF_STREAM_BYTES = 8;
/** Swells to more than any single row may have. */
const BOMB = gzipSync(Buffer.alloc(80 * 2 ** 20), { level: 1 });

export const refuse =
  (status: number, headers: Readonly<Record<string, string>> = {}): Spoil =>
  (response) =>
    response.writeHead(status, headers).end(JSON.stringify({ code: status, error: 'out of order' }));

function send(response: Response, body: Uint8Array | string, headers: Readonly<Record<string, string>> = {}) {
  response.writeHead(200, { 'content-type': ARROW, ...headers }).end(body);
}

/** Sends the answer the server has after something was done to it. */
const changed =
  (
    change: (body: Buffer) => Uint8Array | string,
    request: object = {},
    accept: Parameters<Genuine>[1] = {},
  ): Spoil =>
  async (response, genuine) =>
    send(response, change(await genuine(request, accept)));

const same = (body: Buffer): Buffer => body;
const columns = (expressions: Readonly<Record<string, string>>): object => ({ columns: expressions });
const ALL = { id: 'id', title: 'title', note: 'note', price: 'price', vector: 'vector' };
const { note: _, ...WITHOUT_NOTE } = ALL;

/** Writes bytes to the connection as they are, and closes it. */
const raw =
  (head: (length: number) => string, part: (body: Buffer) => Buffer, reset = false): Spoil =>
  async ({ socket }, genuine) => {
    const body = await genuine();
    const bytes = [Buffer.from(`HTTP/1.1 200 OK\r\n${head(body.length)}\r\n\r\n`), part(body)];
    socket?.write(Buffer.concat(bytes), () => (reset ? socket.resetAndDestroy() : socket.end()));
  };

const half = (body: Buffer): Buffer => body.subarray(0, body.length / 2);

function halfUnpacked(response: Response): void {
  const packed = gzipSync(Buffer.from('x'.repeat(10_000)));
  send(response, packed.subarray(0, packed.length / 2), { 'content-encoding': 'gzip' });
}

/** As large as its rows could never be, unless few are asked for. */
const swollen: Spoil = async (response, genuine, { body }) => {
  const { k } = body as { k: number };
  const answer = await genuine();
  send(response, k > 5 ? Buffer.concat([answer, Buffer.alloc(200_000)]) : answer);
};

const UNAVAILABLE = 'SOURCE_UNAVAILABLE';
const BAD_BODY = 'SOURCE_BAD_BODY';
const MISMATCH = 'SCHEMA_MISMATCH';

const REFUSALS: readonly Fault[] = [
  ...[408, 409, 500, 502, 503, 504].map((status) => ({
    name: `HTTP ${status}`,
    spoil: refuse(status),
    code: UNAVAILABLE,
  })),
  { name: 'HTTP 400', spoil: refuse(400), code: 'SOURCE_REJECTED' },
  { name: 'HTTP 401', spoil: refuse(401), code: 'SOURCE_UNAUTHORIZED' },
  { name: 'HTTP 404, the pinned version being gone', spoil: refuse(404), code: 'VERSION_GONE' },
  { name: 'HTTP 501', spoil: refuse(501), code: 'SOURCE_REJECTED' },
];

const SPOILT_ANSWERS: readonly Fault[] = [
  {
    name: 'connection reset before the headers',
    spoil: ({ socket }) => socket?.resetAndDestroy(),
    code: UNAVAILABLE,
  },
  {
    name: 'connection reset in mid-body',
    spoil: raw((length) => `content-length: ${length}`, half, true),
    code: UNAVAILABLE,
  },
  {
    name: 'body shorter than its Content-Length',
    spoil: raw((length) => `content-length: ${length + 100}`, same),
    code: UNAVAILABLE,
  },
  {
    name: 'chunked body without an end',
    spoil: raw(
      () => 'transfer-encoding: chunked',
      (body) => Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')]),
    ),
    code: UNAVAILABLE,
  },
  { name: 'no answer at all', spoil: () => undefined, code: UNAVAILABLE },
  {
    name: 'a body that stalls',
    spoil: async (response, genuine) => response.writeHead(200).write(half(await genuine())),
    code: UNAVAILABLE,
  },
  { name: 'Arrow file cut short, in a complete HTTP answer', spoil: changed(half), code: BAD_BODY },
  { name: 'Arrow stream cut in the middle of a batch', spoil: changed(half, {}, STREAM), code: BAD_BODY },
  {
    name: 'Arrow stream cut between batches',
    spoil: changed((body) => body.subarray(0, -END_OF_STREAM_BYTES), { k: 10 }, STREAM),
    requests: 2,
  },
  { name: 'fewer rows than asked for', spoil: changed(same, { k: 10 }), requests: 2 },
  { name: 'no rows', spoil: changed(same, { filter: 'id < 0' }), code: 'SOURCE_SHORT' },
  {
    name: 'JSON under an Arrow type',
    spoil: (response) => send(response, '{"error":"busy"}'),
    code: BAD_BODY,
  },
  {
    name: 'HTML under an Arrow type',
    spoil: (response) => send(response, '<html>Bad gateway</html>'),
    code: BAD_BODY,
  },
  { name: 'an empty body', spoil: (response) => send(response, ''), code: BAD_BODY },
  {
    name: 'gzip',
    spoil: async (response, genuine) =>
      send(response, gzipSync(await genuine()), { 'content-encoding': 'gzip' }),
    requests: 1,
  },
  {
    name: 'gzip that is none',
    spoil: (response) => send(response, 'no gzip', { 'content-encoding': 'gzip' }),
    code: BAD_BODY,
  },
  { name: 'gzip cut short', spoil: halfUnpacked, code: BAD_BODY },
  {
    name: 'a gzip bomb',
    spoil: (response) => send(response, BOMB, { 'content-encoding': 'gzip' }),
    code: BAD_BODY,
    requests: 3,
    healsInPlace: true,
  },
  { name: 'an answer far larger than expected', spoil: swollen, requests: 3 },
  { name: 'a column missing', spoil: changed(same, columns(WITHOUT_NOTE)), code: MISMATCH },
  {
    name: 'a column of another type',
    spoil: changed(same, columns({ ...ALL, price: 'cast(price as string)' })),
    code: MISMATCH,
  },
  {
    name: 'columns in another order',
    spoil: changed(same, columns(Object.fromEntries(Object.entries(ALL).toReversed()))),
    requests: 1,
  },
  {
    name: 'another version than the pinned one',
    spoil: async (response, genuine) => send(response, await genuine(), { 'x-lancedb-version': '2' }),
    code: BAD_BODY,
  },
  { name: 'more rows than asked for', spoil: changed(same, { k: 25 }), code: BAD_BODY },
];

/** Faults that are answers to one page's query; `elsewhere` is where the redirect leads. */
export function faultsOf(elsewhere: string): Fault[] {
  const redirect = {
    name: 'a redirect, to which the key must not follow',
    spoil: refuse(307, { location: elsewhere }),
    code: UNAVAILABLE,
  };
  return [...REFUSALS, redirect, ...SPOILT_ANSWERS];
}
