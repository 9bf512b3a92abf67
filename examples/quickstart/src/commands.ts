import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The key of this quickstart's own server: new each time, known to nobody else. */
const apiKey = `sk_${randomBytes(12).toString('hex')}`;

/** Serves a folder of LanceDB tables, as LanceDB Cloud would, until it is stopped. */
export async function serve(uri: string): Promise<{ url: string; stop: () => void }> {
  const server = spawn('lancedb-server', ['--uri', uri, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, LANCEDB_SERVER_API_KEY: apiKey },
  });
  const url = await urlOf(server);
  process.once('exit', () => server.kill());
  return { url, stop: () => server.kill() };
}

async function urlOf(server: ChildProcess): Promise<string> {
  if (!server.stdout) throw new Error('lancedb-server has no output to read');
  for await (const line of createInterface(server.stdout)) {
    const [url] = /http:\/\/\S+/.exec(line) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error('lancedb-server ended before it listened');
}

/** Runs `lance-offload` in a folder, as one would by hand, with its output on this terminal. */
export async function offload(folder: string, args: readonly string[]): Promise<void> {
  const child = spawn('lance-offload', args, {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, LANCEDB_API_KEY: apiKey },
  });
  const [code]: unknown[] = await once(child, 'exit');
  if (code !== 0) throw new Error(`lance-offload ${args[0] ?? ''} ended with exit code ${String(code)}`);
}
