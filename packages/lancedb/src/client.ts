import type { KyInstance, ResponsePromise } from 'ky';
import { z } from 'zod';
import { sourceUrl, OffloadError, type Connection, type OffloadErrorCode } from '@lance-offload/base';
import { BodyBuffers } from './body-buffers.ts';
import {
  connectionHeaders,
  createHttp,
  newRequestId,
  sourceError,
  type HttpOptions,
  type RequestContext,
  type RequestFacts,
} from './http.ts';
import { lanceFieldSchema, type LanceField } from './lance-type.ts';
import { atPace } from './at-pace.ts';
import { LocalPace } from './pace.ts';
import { refuseOtherVersion, VERSION_HEADER } from './pinned-version.ts';
import type { ScanQuery } from './query.ts';
import type { SearchQuery } from './search-query.ts';
import { countArrowRows } from './row-count.ts';
import { querySender } from './send-query.ts';
import { withRetries } from './with-retries.ts';

const tableList = z.object({ tables: z.array(z.string()), page_token: z.string().nullish() });
const description = z.object({
  version: z.int().nonnegative(),
  schema: z.object({ fields: z.array(lanceFieldSchema) }),
});
const tableStats = z.object({ total_bytes: z.number().nonnegative(), num_rows: z.number().nonnegative() });
const versionList = z.object({
  page_token: z.string().nullish(),
  versions: z.array(
    z.object({
      version: z.int().nonnegative(),
      timestamp: z.union([z.string(), z.number()]).nullish(),
      timestamp_millis: z.number().nullish(),
    }),
  ),
});
const indexList = z.object({
  indexes: z.array(
    z.object({ index_name: z.string(), columns: z.array(z.string()), index_type: z.string().nullish() }),
  ),
});

interface TableDescription {
  readonly version: number;
  readonly fields: readonly LanceField[];
}

/** The LanceDB REST API as far as an offload needs it. Every method throws OffloadError `SOURCE_*` or `VERSION_GONE`. */
export interface LanceClient {
  /** Where the requests go; no credentials in it. */
  readonly url: string;
  /** Names of all tables, through every part of the listing. */
  listTables(): Promise<string[]>;
  /** The schema at a version; at the latest one where none is given. */
  describe(table: string, version?: number): Promise<TableDescription>;
  /** Rows at a version, of those that match a filter where one is given. */
  countRows(table: string, version: number, filter?: string): Promise<number>;
  /** Size of the latest version, or `undefined` where the server does not tell. */
  stats(table: string): Promise<z.output<typeof tableStats> | undefined>;
  /**
   * When each version that is still there was written, in ISO 8601, through every part of the listing; `undefined` where
   * the server does not tell. An answer that is damaged is an error: what it would have told must not be missed.
   */
  versionTimes(table: string): Promise<ReadonlyMap<number, string> | undefined>;
  /** Indexes at a version, or `undefined` where the server does not tell. */
  listIndexes(table: string, version?: number): Promise<z.output<typeof indexList>['indexes'] | undefined>;
  /**
   * One query; its answer is Arrow IPC, undecoded. Sent again only after a 429 whose wait is short, unless it is
   * `retried`: then also after failures that may pass, an answer that is not whole among them.
   * @returns `undefined` when the body is larger than `maxBytes`, which ends the transfer.
   */
  query(
    table: string,
    query: ScanQuery | SearchQuery,
    limits: { maxBytes: number; signal: AbortSignal; retried?: boolean },
  ): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Gives the buffer of an answer's body back, to be used for another one. Nobody may use it any more. */
  recycle(buffer: ArrayBuffer): void;
}

const LISTING_PAGE = 100;

function parse<T extends z.ZodType>(
  schema: T,
  body: unknown,
  context: RequestContext,
  requestId: string,
): z.output<T> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const what = `${issue?.path.join('.') || 'the body'}: ${issue?.message ?? 'not as expected'}`;
  throw new OffloadError(
    'SOURCE_BAD_BODY',
    `${context.failing}: the answer is not what the API promises: ${what} (request ${requestId})`,
    {
      ...context.details,
      requestId,
    },
  );
}

const UNSERVED: readonly OffloadErrorCode[] = ['SOURCE_NOT_FOUND', 'SOURCE_REJECTED'];

/** Not every server has the endpoints that only help: for an estimate of bytes per row, or for a listing. */
async function unlessUnserved<T>(
  answer: Promise<T>,
  unserved: readonly OffloadErrorCode[] = [...UNSERVED, 'SOURCE_BAD_BODY'],
): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof OffloadError && unserved.includes(error.code)) return undefined;
    throw error;
  }
}

/** Every part of a listing, each asked for by the `page_token` of the one before. */
async function eachPart<T extends { readonly page_token?: string | null | undefined }>(
  { failing }: RequestContext,
  ask: (token: Record<string, string>) => Promise<T>,
): Promise<T[]> {
  const parts: T[] = [];
  const seen = new Set<string>();
  for (let token: string | undefined = ''; token !== undefined;) {
    const part = await ask(token === '' ? {} : { page_token: token });
    parts.push(part);
    token = part.page_token || undefined;
    if (token !== undefined && seen.has(token))
      throw new OffloadError(
        'SOURCE_BAD_BODY',
        `${failing}: the server hands out the same page_token again and again`,
      );
    if (token !== undefined) seen.add(token);
  }
  return parts;
}

/** A version and its time, cut to milliseconds. A text without a zone is UTC, on whichever machine it is read. */
function writtenAt({
  version,
  timestamp,
  timestamp_millis: millis,
}: z.output<typeof versionList>['versions'][number]): (readonly [number, string])[] {
  const text =
    typeof timestamp === 'string' && !/(?:Z|[+-]\d\d:?\d\d)$/i.test(timestamp) ? `${timestamp}Z` : timestamp;
  const time = new Date(millis ?? text ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? [] : [[version, time.toISOString()]];
}

function tablePath(table: string, operation: string): string {
  return `v1/table/${encodeURIComponent(table)}/${operation}/`;
}

/** Metadata calls end by their time limit. */
const NEVER_ABORTED = new AbortController().signal;

function parseAnswer(text: string, { failing, details }: RequestContext, requestId: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new OffloadError(
      'SOURCE_BAD_BODY',
      `${failing}: the answer is not JSON (request ${requestId})`,
      { ...details, requestId },
      { cause: error },
    );
  }
}

/** What begins like JSON and is none was cut short; a page of HTML is what the server means to say. */
const BEGINS_AS_JSON = /^\s*[[{]/;

/**
 * An answer to a metadata call, with its body. A request that is not answered is sent again by ky, an answer that breaks off is not: that is an
 * OffloadError here, for `withRetries`; all else is thrown as it is.
 */
async function readWhole(
  pending: ResponsePromise,
  context: RequestContext,
  facts: RequestFacts,
): Promise<{ readonly text: string; readonly told: string | null }> {
  let hasBegun = false;
  const begun = pending.then(
    ({ headers }) => {
      hasBegun = true;
      return headers.get(VERSION_HEADER);
    },
    () => null, // thrown below
  );
  let text: string;
  try {
    text = await pending.text(); // of the promise, not of its response: within the time limit
  } catch (error) {
    throw hasBegun ? sourceError(error, context, facts) : error;
  }
  if (BEGINS_AS_JSON.test(text)) parseAnswer(text, context, facts.requestId);
  return { text, told: await begun };
}

export function createLanceClient(connection: Connection, options: HttpOptions): LanceClient {
  const pace = options.pace ?? new LocalPace(connection.max_requests_per_second);
  const http: KyInstance = createHttp(connection, { ...options, pace });
  const url = sourceUrl(connection);
  const secret = connection.api_key;
  const buffers = new BodyBuffers();
  const sendQuery = querySender(connection, buffers);

  async function call<T extends z.ZodType>(
    schema: T,
    path: string,
    context: RequestContext,
    request: { body?: unknown; search?: Record<string, string>; version?: number } = {},
  ): Promise<z.output<T>> {
    const requestId = newRequestId();
    const facts = { requestId, secret, url };
    const headers = { 'x-request-id': requestId, accept: 'application/json' };
    const shared = { headers, ...(request.search && { searchParams: request.search }) };
    const ask = () =>
      request.body === undefined
        ? http.get(path, shared)
        : http.post(path, { ...shared, json: request.body });
    try {
      const { text, told } = await withRetries(
        () => readWhole(ask(), context, facts),
        connection,
        NEVER_ABORTED,
        ({ code }, retries) => options.onRetry?.(`${url}: ${code}`, retries),
      );
      if (request.version !== undefined) refuseOtherVersion(told, request.version, context, requestId);
      return parse(schema, parseAnswer(text, context, requestId), context, requestId);
    } catch (error) {
      throw sourceError(error, context, facts);
    }
  }

  return {
    url,

    async listTables() {
      const context = { failing: 'Could not list the tables' };
      const limit = String(LISTING_PAGE);
      const parts = await eachPart(context, (token) =>
        call(tableList, 'v1/table/', context, { search: { limit, ...token } }),
      );
      return parts.flatMap(({ tables }) => tables);
    },

    async describe(table, version) {
      const context = {
        failing: `Could not describe table "${table}"`,
        details: { table },
        pinned: version !== undefined,
      };
      const { version: found, schema } = await call(description, tablePath(table, 'describe'), context, {
        body: { version: version ?? null },
      });
      if (version !== undefined) refuseOtherVersion(found, version, context);
      return { version: found, fields: schema.fields };
    },

    async countRows(table, version, filter) {
      const context = {
        failing: `Could not count the rows of table "${table}" at version ${version}`,
        details: { table },
        pinned: true,
      };
      return call(z.int().nonnegative(), tablePath(table, 'count_rows'), context, {
        body: { version, ...(filter !== undefined && { predicate: filter }) },
        version,
      });
    },

    async stats(table) {
      const context = { failing: `Could not read the size of table "${table}"`, details: { table } };
      return unlessUnserved(call(tableStats, tablePath(table, 'stats'), context, { body: {} }));
    },

    async versionTimes(table) {
      const context = { failing: `Could not list the versions of table "${table}"`, details: { table } };
      const parts = await unlessUnserved(
        eachPart(context, (token) =>
          call(versionList, tablePath(table, 'version/list'), context, { body: {}, search: token }),
        ),
        UNSERVED,
      );
      return parts && new Map(parts.flatMap(({ versions }) => versions.flatMap(writtenAt)));
    },

    async listIndexes(table, version) {
      const context = { failing: `Could not list the indexes of table "${table}"`, details: { table } };
      const body = { version: version ?? null };
      const list = await unlessUnserved(call(indexList, tablePath(table, 'index/list'), context, { body }));
      return list?.indexes;
    },

    async query(table, query, { maxBytes, signal, retried = false }) {
      const requestId = newRequestId();
      const context = {
        failing: `Could not read rows ${query.offset}–${query.offset + query.k - 1} of table "${table}"`,
        details: { table },
        pinned: true,
      };
      const request = { requestId, secret, url: `${url}/${tablePath(table, 'query')}` };
      const headers = {
        ...connectionHeaders(connection, options),
        'x-request-id': requestId,
        'content-type': 'application/json',
        accept: 'application/vnd.apache.arrow.stream, application/vnd.apache.arrow.file',
      };
      const send = async () => {
        const started = performance.now();
        let code: OffloadErrorCode | undefined;
        try {
          return await sendQuery({ ...request, context, headers, query, maxBytes, signal });
        } catch (thrown) {
          ({ code } = sourceError(thrown, context, request));
          throw thrown;
        } finally {
          options.onQuery?.({ ms: performance.now() - started, ...(code && { code }) });
        }
      };
      const attempt = async () => {
        try {
          const body = await atPace(send, pace, signal);
          if (retried && body) countArrowRows(body); // what is cut short is asked for again here, too
          return body;
        } catch (error) {
          throw sourceError(error, context, request);
        }
      };
      if (!retried) return attempt();
      const onRetry = ({ code, details: { status } }: OffloadError, retries: number) =>
        options.onRetry?.(`${url}: ${status === undefined ? code : `HTTP ${status}`}`, retries);
      try {
        return await withRetries(attempt, connection, signal, onRetry);
      } catch (error) {
        throw sourceError(error, context, request); // aborted while it waited
      }
    },

    recycle(buffer) {
      buffers.giveBack(buffer);
    },
  };
}
