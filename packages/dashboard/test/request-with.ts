import { request } from 'node:http';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

export interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

/** A request with any header, also those `fetch` keeps to itself: `Host`, `Origin`, `Sec-Fetch-Site`. */
export async function requestWith(
  method: string,
  url: string,
  headers: Record<string, string>,
): Promise<Answer> {
  const sent = request(url, { method, headers, agent: false });
  sent.end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (!response) throw new Error('no response');
  return { status: response.statusCode, body: await text(response) };
}
