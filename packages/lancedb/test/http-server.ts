import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test as base } from 'vitest';
import type { Connection } from '@lance-offload/base';
import { createLanceClient, type LanceClient } from '../src/client.ts';

export const KEY = 'sk_"test"-key\\1';

export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

export type Answer = (response: ServerResponse, request: Seen) => void;

export interface Served {
  readonly url: string;
  /** What the server was asked, in order. */
  readonly seen: Seen[];
  readonly retries: string[];
  readonly client: LanceClient;
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

export function connectionTo(url: string, changes: Partial<Connection> = {}): Connection {
  return {
    api_key: KEY,
    project_name: 'p',
    region: 'us-east-1',
    host: url,
    max_retries: 2,
    initial_retry_delay: 0.001,
    request_timeout: 10,
    ...changes,
  };
}

async function readRequest(request: IncomingMessage): Promise<Seen> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(chunk as Uint8Array));
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? '',
    url: request.url ?? '',
    headers: request.headers,
    body: text === '' ? undefined : JSON.parse(text),
  };
}

/** Serves answers, one after the other and the last one again, over real HTTP. */
export const test = base.extend<{
  serve: (answers: readonly Answer[], changes?: Partial<Connection>) => Promise<Served>;
}>({
  serve: async ({ task }, use) => {
    const closing: (() => void)[] = [];
    await use(async (answers, changes) => {
      const [seen, retries]: [Seen[], string[]] = [[], []];
      const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
        const read = await readRequest(request);
        seen.push(read);
        answers[Math.min(seen.length, answers.length) - 1]?.(response, read);
      };
      const server = createServer((request, response) => void respond(request, response)).listen(
        0,
        '127.0.0.1',
      );
      await once(server, 'listening');
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error(`no port for ${task.name}`);
      const url = `http://127.0.0.1:${address.port}`;
      const client = createLanceClient(connectionTo(url, changes), {
        userAgent: 'core-test',
        onRetry: (reason) => retries.push(reason),
      });
      return { url, seen, retries, client };
    });
    for (const close of closing) close();
  },
});
