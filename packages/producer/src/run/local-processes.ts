import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { OffloadError } from '@lance-offload/base';

/** A process that lives as long as this command. */
export interface LocalProcess {
  stop(): Promise<void>;
}

/**
 * Children end when their standard input does, so that none is left behind however this process ends. They are
 * detached from the terminal's process group: Ctrl-C must not take the queue away before the workers are done.
 */
async function end(child: ChildProcess, graceMs: number): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await exited;
  clearTimeout(timer);
}

const REDIS_START_MS = 5000;

/** Whether something accepts TCP connections there. */
export async function listens(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port, timeout: 1000 });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false; // refused or no answer: nobody is there
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}

/** Runs its arguments as a command until standard input ends. */
const UNTIL_STDIN_ENDS =
  '"$@" </dev/null & child=$!; cat >/dev/null; kill "$child" 2>/dev/null; wait "$child"';

/**
 * Starts a redis-server of this command's own, on a free loopback port, keeping nothing on disk: the lake is the truth.
 *
 * @throws OffloadError `REDIS_UNAVAILABLE` where no redis-server is installed.
 */
export async function startPrivateRedis(): Promise<LocalProcess & { readonly url: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lance-offload-redis-'));
  const port = await freePort();
  const args = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory-policy',
    'noeviction',
  ];
  const child = spawn('sh', ['-c', UNTIL_STDIN_ENDS, 'sh', 'redis-server', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  const deadline = Date.now() + REDIS_START_MS;
  while (!(await listens('127.0.0.1', port))) {
    if (Date.now() > deadline) {
      await end(child, 1000);
      throw new OffloadError(
        'REDIS_UNAVAILABLE',
        'No Redis is configured, none listens, and redis-server could not be started here (Debian: apt install redis-server)',
      );
    }
    await sleep(50);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async stop() {
      await end(child, 3000);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The worker's command: beside this one in an installation's `node_modules/.bin`, else on the PATH. */
function workerCommand(): string {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, 'node_modules', '.bin', 'lance-worker');
    if (existsSync(candidate)) return candidate;
    if (folder === path.dirname(folder)) return 'lance-worker';
  }
}

/** Starts worker processes of this command's own; they log to `logFile`'s descriptor, or nowhere. */
export function startLocalWorkers(
  count: number,
  options: { readonly config: string; readonly redisUrl: string; readonly log: number | 'ignore' },
): LocalProcess & { readonly allGone: Promise<unknown> } {
  const command = workerCommand();
  const workers = Array.from({ length: count }, () =>
    spawn(command, ['--config', options.config, '--exit-with-stdin'], {
      stdio: ['pipe', 'ignore', options.log],
      detached: true,
      // The pinned Node goes first, whichever one the shell has.
      env: {
        ...process.env,
        REDIS_URL: options.redisUrl,
        PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env['PATH'] ?? ''}`,
      },
    }),
  );
  for (const worker of workers) {
    worker.on('error', (error: Error) =>
      process.stderr.write(`lance-offload: a worker could not be started: ${error.message}\n`),
    );
    worker.on('exit', (code, signal) => {
      if (code !== null && code !== 0)
        process.stderr.write(`lance-offload: a worker ended with exit code ${code}\n`);
      else if (signal !== null) process.stderr.write(`lance-offload: a worker was ended by ${signal}\n`);
    });
  }
  return {
    allGone: Promise.all(
      workers.map((worker) => Promise.race([once(worker, 'exit'), once(worker, 'error')])),
    ),
    async stop() {
      await Promise.all(workers.map((worker) => end(worker, 30_000)));
    },
  };
}
