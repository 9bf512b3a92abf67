import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { promisify } from 'node:util';
import { OffloadError } from '@lance-offload/base';

export interface RunningServer {
  readonly url: string;
  /** Stops at once: open connections are cut. */
  close(): Promise<void>;
}

/** The address cannot be listened on. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');

function isLoopback(host: string): boolean {
  if (host === 'localhost') return true;
  return isIP(host) !== 0 && loopback.check(host, isIPv6(host) ? 'ipv6' : 'ipv4');
}

/**
 * Nobody comes in from elsewhere without a login.
 *
 * @throws OffloadError `CONFIG_INVALID` for an address other machines reach, where there are no users.
 */
export function assertMayListen(host: string, hasUsers: boolean): void {
  if (hasUsers || isLoopback(host)) return;
  throw new OffloadError(
    'CONFIG_INVALID',
    `Other machines can reach ${host}, and the configuration has no users who could log in. Add them under ` +
      'dashboard.users; `lance-dashboard hash-password` makes their password_hash. Or serve this machine only, with ' +
      '--host 127.0.0.1.',
  );
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): ListenError {
  const reasons: Record<string, string> = {
    EADDRINUSE: 'the port is in use; choose another with --port, or 0 for any free one',
    EACCES: 'this user may not listen on that port; choose one above 1023 with --port',
    EADDRNOTAVAIL: 'this machine has no such address; choose another with --host',
    ENOTFOUND: 'there is no such address; choose another with --host',
  };
  const reason = reasons[error.code ?? ''] ?? error.message;
  return new ListenError(`Cannot listen on ${host} port ${port}: ${reason}`, { cause: error });
}

/**
 * Serves on an address. Port 0 picks a free port.
 *
 * @throws ListenError
 */
export async function listen(handler: RequestListener, host: string, port: number): Promise<RunningServer> {
  const server = createServer(handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') {
    throw new ListenError(`${host} port ${port} is no network address`);
  }
  return {
    url: `http://${isIPv6(address.address) ? `[${address.address}]` : address.address}:${address.port}`,
    close: async () => {
      const closed = promisify(server.close.bind(server))();
      server.closeAllConnections();
      await closed;
    },
  };
}
