import { randomUUID } from 'node:crypto';
import ky, { HTTPError, type KyInstance } from 'ky';
import {
  sourceUrl,
  OffloadError,
  type Connection,
  type ErrorDetails,
  type OffloadErrorCode,
} from '@lance-offload/base';
import type { Pace, Ticket } from './pace.ts';
import { MAX_BACKOFF_MS } from './with-retries.ts';

/** Statuses that pass by themselves; 429 is handled apart. */
const TRANSIENT = new Set([408, 409, 425, 500, 502, 503, 504]);
const SERVER_WORDS = 500;
const MAX_ERROR_BODY = 16_384;
/** Longest wait taken from `Retry-After`: a server that says a day must not stop the fleet for a day. */
const MAX_RETRY_AFTER_MS = 120_000;
/** Shortest: a server that says `0` over and over must not be asked without a pause. */
const MIN_RETRY_AFTER_MS = 100;
const DEFAULT_RETRY_AFTER_MS = 1000;

/** What a request was for, in words and facts, for the error it may end in. */
export interface RequestContext {
  readonly failing: string;
  readonly details?: ErrorDetails;
  /** The request pins a version that existed: a 404 then means the version, not the table. */
  readonly pinned?: boolean;
}

export interface HttpOptions {
  readonly userAgent: string;
  /** When requests may be sent; by default this process's own. */
  readonly pace?: Pace;
  /** Told before a request is tried again; `reason` holds no secret. */
  readonly onRetry?: (reason: string, attempt: number) => void;
  /** Told of each query that was answered, or failed: how long it took, and the code it failed with. */
  readonly onQuery?: (query: { readonly ms: number; readonly code?: OffloadErrorCode }) => void;
}

/** Headers of every request; the database is named only to a server that may have several. */
export function connectionHeaders(
  connection: Connection,
  { userAgent }: HttpOptions,
): Record<string, string> {
  return {
    'x-api-key': connection.api_key,
    'user-agent': userAgent,
    ...(connection.host && { 'x-lancedb-database': connection.project_name }),
  };
}

/** One HTTP client per connection; undici under `fetch` keeps its sockets alive. Metadata calls are retried here. */
export function createHttp(
  connection: Connection,
  { userAgent, onRetry, pace }: HttpOptions & { readonly pace: Pace },
): KyInstance {
  // Many requests are under way at once, and a 429 is about the ticket its own was sent under. `context` is a request's
  // own object, the same through all its tries.
  const tickets = new WeakMap<object, Ticket>();
  const atPace = async ({ context }: { readonly context: object }): Promise<void> => {
    tickets.set(context, await pace.take());
  };
  return ky.create({
    baseUrl: `${sourceUrl(connection)}/`,
    timeout: connection.request_timeout * 1000,
    throwHttpErrors: true,
    parseJson: (text) => text, // error bodies are parsed below, whatever their type claims
    redirect: 'error', // a redirect would carry the key to another host
    headers: connectionHeaders(connection, { userAgent }),
    retry: {
      retryOnTimeout: true,
      limit: connection.max_retries,
      methods: ['get', 'post'],
      statusCodes: [...TRANSIENT, 429],
      afterStatusCodes: [429, 503],
      maxRetryAfter: MAX_RETRY_AFTER_MS,
      backoffLimit: MAX_BACKOFF_MS,
      delay: (attempt) => connection.initial_retry_delay * 1000 * 2 ** (attempt - 1),
      jitter: true,
    },
    hooks: {
      beforeRequest: [({ options }) => atPace(options)],
      afterResponse: [
        async ({ options: { context }, response: { status, headers } }) => {
          const ticket = tickets.get(context);
          if (status === 429 && ticket !== undefined)
            await pace.refused(ticket, retryAfterMs(headers.get('retry-after'), Date.now()));
        },
      ],
      beforeRetry: [
        async ({ error, options, retryCount }) => {
          const reason = error instanceof HTTPError ? `HTTP ${error.response.status}` : causeWords(error);
          onRetry?.(`${sourceUrl(connection)}: ${redact(reason, connection.api_key)}`, retryCount);
          await atPace(options);
        },
      ],
    },
  });
}

/** The id that names a request in both sides' logs. */
export function newRequestId(): string {
  return randomUUID();
}

function asObject(value: unknown): Record<string, unknown> | undefined {
  return typeof value === 'object' && value !== null ? { ...value } : undefined;
}

/** Without the API key, also where it stands in JSON. */
function redact(text: string, secret: string): string {
  const escaped = JSON.stringify(secret).slice(1, -1);
  return text.replaceAll(secret, '[redacted]').replaceAll(escaped, '[redacted]');
}

/**
 * The server's words in any of its three error shapes: plain text, `{"code","error"}`, or
 * `{"error","code","detail","instance"}`.
 */
export function serverWords(body: string, redacted: (words: string) => string = (words) => words): string {
  let words = body.trim();
  try {
    const json = asObject(JSON.parse(body));
    const parts = [json?.['error'], json?.['detail'], json?.['message']].filter(
      (part) => typeof part === 'string' && part !== '',
    );
    if (parts.length > 0) words = [...new Set(parts)].join(': ');
  } catch {
    // Not JSON: the text itself is what the server said.
  }
  const safe = redacted(words);
  return safe.length > SERVER_WORDS ? `${safe.slice(0, SERVER_WORDS)}…` : safe;
}

/** `Retry-After` in seconds or as a date (RFC 9110 §10.2.3), capped. */
export function retryAfterMs(header: string | null, nowMs: number): number {
  const seconds = header === null || header.trim() === '' ? Number.NaN : Number(header);
  const until = header === null ? Number.NaN : Date.parse(header);
  const wanted = Number.isFinite(seconds) ? seconds * 1000 : until - nowMs;
  return Number.isFinite(wanted)
    ? Math.min(Math.max(Math.ceil(wanted), MIN_RETRY_AFTER_MS), MAX_RETRY_AFTER_MS)
    : DEFAULT_RETRY_AFTER_MS;
}

function codeOf(status: number, context: RequestContext, words: string): OffloadErrorCode {
  if (status === 401 || status === 403) return 'SOURCE_UNAUTHORIZED';
  if (status === 429) return 'SOURCE_RATE_LIMITED';
  if (status === 404) return context.pinned ? 'VERSION_GONE' : 'SOURCE_NOT_FOUND';
  if (
    status === 400 &&
    context.pinned &&
    /version/i.test(words) &&
    /not found|cleaned|does not exist/i.test(words)
  )
    return 'VERSION_GONE';
  return TRANSIENT.has(status) ? 'SOURCE_UNAVAILABLE' : 'SOURCE_REJECTED';
}

/** An answer that is no success, from whichever HTTP client. */
export interface Refusal {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly header: (name: string) => string | null;
  readonly body: string;
}

/** What identifies a request in errors, and what must not. */
export interface RequestFacts {
  readonly requestId: string;
  readonly secret: string;
  readonly url: string;
}

/** A refusal as an OffloadError. A server may echo the key it was sent: redacted before it is cut, or a part would remain. */
export function refusalError(
  refusal: Refusal,
  context: RequestContext,
  { requestId, secret }: RequestFacts,
): OffloadError {
  const { status } = refusal;
  const said = serverWords(refusal.body.slice(0, MAX_ERROR_BODY), (words) => redact(words, secret));
  const details: ErrorDetails = {
    ...context.details,
    status,
    requestId: redact(refusal.header('x-request-id') ?? requestId, secret),
    serverSaid: said,
    ...(status === 429 && { retryAfterMs: retryAfterMs(refusal.header('retry-after'), Date.now()) }),
  };
  const where = `${refusal.method} ${refusal.url}`;
  const message = `${context.failing}: ${where} answered ${status}${said ? `: ${said}` : ''} (request ${details.requestId})`;
  return new OffloadError(codeOf(status, context, said), message, details);
}

function refusalOf({ request, response, data }: HTTPError): Refusal {
  return {
    method: request.method,
    url: request.url,
    status: response.status,
    header: (name) => response.headers.get(name),
    body: typeof data === 'string' ? data : '', // ky has read it
  };
}

/** The deepest cause's words: `fetch failed` alone tells an operator nothing. */
function causeWords(thrown: unknown): string {
  let deepest = thrown;
  while (deepest instanceof Error && deepest.cause !== undefined) deepest = deepest.cause;
  return deepest instanceof Error ? deepest.message || deepest.name : String(deepest);
}

/** Any failure of a request as an OffloadError. The API key is never part of it. */
export function sourceError(thrown: unknown, context: RequestContext, request: RequestFacts): OffloadError {
  if (thrown instanceof OffloadError) return thrown;
  if (thrown instanceof HTTPError) return refusalError(refusalOf(thrown), context, request);
  const message = `${context.failing}: no answer from ${request.url}: ${redact(causeWords(thrown), request.secret)} (request ${request.requestId})`;
  return new OffloadError('SOURCE_UNAVAILABLE', message, {
    ...context.details,
    requestId: request.requestId,
  });
}
