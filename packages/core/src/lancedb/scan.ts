import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Agent, errors, request, type Dispatcher } from 'undici';
import type { Connection } from '../config/schema.ts';
import { OffloadError } from '../errors/offload-error.ts';
import type { BodyBuffers } from './body-buffers.ts';
import { readBody } from './body.ts';
import { refusalError, type RequestContext, type RequestFacts } from './http.ts';
import type { ScanQuery } from './query.ts';
import type { SearchQuery } from './search-query.ts';

/** Largest part of a refusal's body that is read. */
const MAX_REFUSAL_BYTES = 65_536;

/** What a scan needs beside its query. */
interface ScanRequest extends RequestFacts {
  readonly context: RequestContext;
  readonly headers: Readonly<Record<string, string>>;
  readonly query: ScanQuery | SearchQuery;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

type Scan = (scan: ScanRequest) => Promise<Uint8Array<ArrayBuffer> | undefined>;

function headerOf(headers: Dispatcher.ResponseData['headers'], name: string): string | null {
  const value = headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? null;
}

function unpacked({ headers, body }: Dispatcher.ResponseData): Readable {
  if (headerOf(headers, 'content-encoding') !== 'gzip') return body;
  // The failure of either ends the other, and reaches who reads the result.
  return pipeline(body, createGunzip(), () => undefined);
}

async function refusal(response: Dispatcher.ResponseData, scan: ScanRequest): Promise<OffloadError> {
  const { statusCode: status, headers } = response;
  let body = '';
  for await (const chunk of response.body.setEncoding('utf8')) {
    body += String(chunk);
    if (body.length > MAX_REFUSAL_BYTES) break;
  }
  if (status < 400) {
    const message = `${scan.context.action}: ${scan.url} answered with a redirect (${status}), which is not followed: it would carry the key to another address`;
    return new OffloadError('SOURCE_UNAVAILABLE', message, {
      ...scan.context.details,
      status,
      requestId: scan.requestId,
    });
  }
  return refusalError(
    { method: 'POST', url: scan.url, status, header: (name) => headerOf(headers, name), body },
    scan.context,
    scan,
  );
}

/** undici's two timeouts in words an operator understands; anything else as it is. */
function inWords(thrown: unknown, seconds: number): unknown {
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
export function createScan(connection: Connection, buffers: BodyBuffers): Scan {
  const seconds = connection.request_timeout;
  const dispatcher = new Agent({
    headersTimeout: seconds * 1000,
    bodyTimeout: seconds * 1000,
    connect: { timeout: seconds * 1000 },
  });
  return async (scan) => {
    try {
      const { headers, signal, query, url } = scan;
      const response = await request(url, {
        dispatcher,
        method: 'POST',
        headers,
        signal,
        body: JSON.stringify(query),
      });
      if (response.statusCode >= 300) throw await refusal(response, scan);
      return await readBody(unpacked(response), { maxBytes: scan.maxBytes, buffers });
    } catch (thrown) {
      throw inWords(thrown, seconds);
    }
  };
}
