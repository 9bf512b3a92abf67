import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import { answersPing } from '@lance-offload/fleet';
import { OffloadError } from '@lance-offload/base';
import type { Redis } from 'ioredis';

export interface HealthDeps {
  readonly redis: Redis;
  /** Whether the worker has begun to end. */
  readonly isStopping: () => boolean;
}

/** Where it listens. */
export interface HealthOptions {
  readonly healthHost: string;
  readonly healthPort?: number;
}

export interface HealthServer {
  readonly url: string;
  close(): Promise<void>;
}

function answer(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${words}\n`);
}

async function answerReady(response: ServerResponse, { redis, isStopping }: HealthDeps): Promise<void> {
  if (isStopping()) answer(response, 503, 'shutting down');
  else if (await answersPing(redis)) answer(response, 200, 'ok');
  else answer(response, 503, 'Redis does not answer');
}

/**
 * Answers what a supervisor asks: `GET /healthz`, 200 as long as the event loop turns, and `GET /readyz`, 200 while the
 * worker takes jobs and Redis answers, else 503. Port 0 picks a free one; without a port nothing is started.
 *
 * @throws OffloadError `CONFIG_INVALID` where it cannot listen there.
 */
export async function startHealthServer(
  { healthHost: host, healthPort: port }: HealthOptions,
  deps: HealthDeps,
): Promise<HealthServer | undefined> {
  if (port === undefined) return undefined;
  const server = createServer((request, response) => {
    const { method, url } = request;
    if (method !== 'GET' && method !== 'HEAD') answer(response, 405, 'GET only');
    else if (url === '/healthz') answer(response, 200, 'ok');
    else if (url === '/readyz') void answerReady(response, deps);
    else answer(response, 404, 'there are /healthz and /readyz');
  });
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new OffloadError(
      'CONFIG_INVALID',
      `Cannot listen on ${host} port ${port} for health checks: ${error instanceof Error ? error.message : String(error)}; choose others with --health-host and --health-port`,
      {},
      { cause: error },
    );
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error(`${host} is no network address`);
  return {
    url: `http://${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
