import { once } from 'node:events';
import { mkdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { startService } from './processes.ts';

const API_KEY = 'sk_bench';

/** What a fleet needs around it: a Redis and a LanceDB server of the bench's own, and a folder for what is kept. */
export interface Services {
  readonly folder: string;
  /** Where the LanceDB tables are; kept from one time to the next. */
  readonly uri: string;
  /** Address of the LanceDB server. */
  readonly url: string;
  /** What workers and producers take from their environment. */
  readonly env: Record<string, string>;
  stop(): Promise<void>;
}

/** Folder and tables of the bench, without the lake of an earlier time. */
export async function prepareFolder(): Promise<{ folder: string; uri: string }> {
  const folder = path.resolve('.bench');
  await mkdir(folder, { recursive: true });
  await rm(path.join(folder, 'lake'), { recursive: true, force: true });
  return { folder, uri: path.join(folder, 'lancedb') };
}

/** A port that nobody listens on. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return String(typeof address === 'object' ? address?.port : address);
}

export async function startServices(folder: string, uri: string): Promise<Services> {
  const port = await freePort();
  const redisArguments = ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', folder];
  const redis = await startService('redis-server', redisArguments, 'Ready to accept connections');
  const server = await startService('lancedb-server', ['--uri', uri, '--port', '0'], 'listening', {
    LANCEDB_SERVER_API_KEY: API_KEY,
  });
  return {
    folder,
    uri,
    url: /http:\S+/.exec(server.ready)?.[0] ?? '',
    env: { LANCEDB_API_KEY: API_KEY, REDIS_URL: `redis://127.0.0.1:${port}` },
    stop: async () => {
      await server.stop();
      await redis.stop();
    },
  };
}
