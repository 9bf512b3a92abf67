import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, errors, request, type Dispatcher } from 'undici';
import { OffloadError, type Connection } from '@lance-offload/base';
import type { BodyBuffers } from './body-buffers.ts';
import { readBody } from './body.ts';
import { refusalError, type RequestContext, type RequestFacts } from './http.ts';
import { refuseOtherVersion, VERSION_HEADER } from './pinned-version.ts';
import type { ScanQuery } from './query.ts';
import type { SearchQuery } from './search-query.ts';

/** Largest part of a refusal's body that is read. */
const MAX_REFUSAL_BYTES = 65_536;

/** What sending a query needs beside it. */
interface QueryRequest extends RequestFacts {
  readonly context: RequestContext;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: ScanQuery | SearchQuery;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

type SendQuery = (asked: QueryRequest) => Promise<Uint8Array<ArrayBuffer> | undefined>;

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function unpacked({ headers, body }: Dispatcher.ResponseData): Readable {
  if (headerOf(headers, 'content-encoding') !== 'gzip') return body;
  // The failure of either ends the other, and reaches who reads the result.
  return pipeline(body, createGunzip(), () => undefined);
}

/** The length of a body that comes as it is; `undefined` for one that is packed or chunked. */
function announcedBytes({ headers }: Dispatcher.ResponseData): number | undefined {
  const length = headerOf(headers, 'content-length');
  return length === null || headerOf(headers, 'content-encoding') !== null ? undefined : Number(length);
}

/** What of a refusal's words arrives: its status counts even where they are cut short. */
async function beginning(stream: Dispatcher.ResponseData['body']): Promise<string> {
  let body = '';
  try {
    for await (const chunk of stream.setEncoding('utf8')) {
      body += String(chunk);
      if (body.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // The connection broke in the middle of them.
  }
  return body;
}

async function refusal(response: Dispatcher.ResponseData, asked: QueryRequest): Promise<OffloadError> {
  const { statusCode: status, headers } = response;
  const body = await beginning(response.body);
  if (status < 400) {
    const message = `${asked.context.failing}: ${asked.url} answered with a redirect (${status}), which is not followed: it would carry the key to another address`;
    return new OffloadError('SOURCE_UNAVAILABLE', message, {
      ...asked.context.details,
      status,
      requestId: asked.requestId,
    });
  }
  return refusalError(
    { method: 'POST', url: asked.url, status, header: (name) => headerOf(headers, name), body },
    asked.context,
    asked,
  );
}

function isBrokenGzip(thrown: unknown): thrown is Error {
  return thrown instanceof Error && 'code' in thrown && String(thrown.code).startsWith('Z_');
}

/** undici's two timeouts in words an operator understands, and zlib's complaints as what they are; the rest as it is. */
function inWords(thrown: unknown, seconds: number, { context, requestId }: QueryRequest): unknown {
  if (isBrokenGzip(thrown)) {
    const message = `${context.failing}: the answer cannot be unpacked: ${thrown.message} (request ${requestId})`;
    return new OffloadError('SOURCE_BAD_BODY', message, { ...context.details, requestId }, { cause: thrown });
  }
  if (thrown instanceof errors.HeadersTimeoutError)
    return new Error(`the request timed out after ${seconds} s`);
  if (thrown instanceof errors.BodyTimeoutError)
    return new Error(`The body stalled: nothing came for ${seconds} s`);
  return thrown;
}

/**
 * Queries go through undici's `request` rather than ky's `fetch`: a page comes in hundreds of chunks, and web streams
 * make each of them cost twice as much CPU time (45 ms against 85 ms for 32 MB). Nothing is retried here.
 */
export function querySender(connection: Connection, buffers: BodyBuffers): SendQuery {
  const seconds = connection.request_timeout;
  const dispatcher = new Agent({
    headersTimeout: seconds * 1000,
    bodyTimeout: seconds * 1000,
    connect: { timeout: seconds * 1000 },
  });
  return async (asked) => {
    try {
      const { headers, signal, query, url } = asked;
      const response = await request(url, {
        dispatcher,
        method: 'POST',
        headers,
        signal,
        body: JSON.stringify(query),
      });
      if (response.statusCode >= 300) throw await refusal(response, asked);
      const told = headerOf(response.headers, VERSION_HEADER);
      try {
        refuseOtherVersion(told, query.version, asked.context, asked.requestId);
      } catch (thrown) {
        response.body.on('error', () => undefined).destroy(); // it tells of being ended as of an error
        throw thrown;
      }
      const announced = announcedBytes(response);
      return await readBody(unpacked(response), { maxBytes: asked.maxBytes, buffers, announced });
    } catch (thrown) {
      throw inWords(thrown, seconds, asked);
    }
  };
}
