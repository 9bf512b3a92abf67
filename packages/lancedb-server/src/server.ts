import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import { BlockList, isIPv6 } from 'node:net';
import { resolve as absolutePath } from 'node:path';
import { promisify } from 'node:util';
import { connect } from '@lancedb/lancedb';
import { pino } from 'pino';
import type { Logger } from 'pino';
import { createApp } from './app.ts';
import type { AppOptions } from './app.ts';
import { UsageError } from './errors.ts';

export interface ServerOptions extends AppOptions {
  /** The folder of LanceDB tables. */
  uri: string;
  /** Default 127.0.0.1; an address other machines reach needs an `apiKey`. */
  host?: string | undefined;
  /** Default 8181; 0 picks a free port. */
  port?: number | undefined;
  /** Default: nothing is logged. */
  logger?: Logger | undefined;
}

export interface RunningServer {
  url: string;
  port: number;
  /** Stops at once: open connections are cut. */
  close(): Promise<void>;
}

/** Longer than clients' pools keep a connection (Node's own 5 s are not): they must not send into one just closed. */
const KEEP_ALIVE_MS = 95_000;

/** @throws UsageError when the folder is absent, or when the host is open to others and there is no key. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { uri, host = '127.0.0.1', port = 8181, logger = pino({ level: 'silent' }) } = options;
  if (options.apiKey === '') throw new UsageError('the API key is empty');
  if (options.apiKey === undefined && !isLoopback(host)) {
    throw new UsageError(`${host} can be reached by other machines: give an API key, or serve on 127.0.0.1`);
  }
  if (!(await isFolder(uri))) throw new UsageError(`${uri} is not a folder`);

  // As a path: a plain name would be taken for a project of the Cloud.
  const db = await connect(absolutePath(uri));
  const server = createServer(createApp(db, options, logger));
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new TypeError(`${host}:${port} is no network address`);
  return {
    url: `http://${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`,
    port: address.port,
    close: async () => {
      const closed = promisify(server.close.bind(server))();
      server.closeAllConnections();
      await closed;
      db.close();
    },
  };
}

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  const loopback = new BlockList();
  loopback.addSubnet('127.0.0.0', 8);
  loopback.addAddress('::1', 'ipv6');
  return loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

async function isFolder(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => null); // Absent or unreadable: no folder to serve either way.
  return facts?.isDirectory() ?? false;
}
