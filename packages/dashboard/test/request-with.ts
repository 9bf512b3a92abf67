import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A request with any header, also those `fetch` keeps to itself: `Host`, `Origin`, `Sec-Fetch-Site`. */
export async function requestWith(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body = '',
): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false });
  sent.end(body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response?.statusCode) throw new Error('no response');
  return { status: response.statusCode, headers: response.headers, body: await text(response) };
}
