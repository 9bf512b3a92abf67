import { once } from 'node:events';
import { createServer } from 'node:net';
import type { World } from './world.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

/** Starts a redis-server of the test's own and returns its URL; on a free port unless one is given. */
export async function startRedis(world: World, args: readonly string[], given?: number): Promise<string> {
  const port = given ?? (await freePort());
  const own = ['--port', String(port), '--bind', '127.0.0.1', '--dir', world.folder, '--save', ''];
  await world.spawn('redis-server', [...own, ...args]).says(/Ready to accept connections/);
  return `redis://127.0.0.1:${port}`;
}
