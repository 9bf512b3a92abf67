import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from 'vitest';
import { API_KEY, tableFixtures } from './fixtures.ts';
import type { TableFixtures } from './fixtures.ts';

const test = base.extend<TableFixtures>(tableFixtures);

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

function start(args: string[], env: Record<string, string> = {}): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, ['--conditions=dev', MAIN, ...args], { env: { ...process.env, ...env } });
}

async function outcome(
  args: string[],
  env?: Record<string, string>,
): Promise<{ code: number; out: string; err: string }> {
  const child = start(args, env);
  const closed = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code, out, err };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the command serves a folder, says where in one line, and ends at ${signal}`, async ({
    served,
    documents,
  }) => {
    const child = start(['--uri', served.dir, '--port', '0'], { LANCEDB_SERVER_API_KEY: API_KEY });
    const logged = text(child.stderr);
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    await once(reader, 'line');
    const [, url] = /^lancedb-server listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(lines[0] ?? '') ?? [];

    const path = `${url}/v1/table/${documents.name}/count_rows/`;
    expect((await fetch(path, { method: 'POST' })).status).toBe(401);
    const answer = await fetch(path, { method: 'POST', headers: { 'x-api-key': API_KEY } });
    expect(await answer.text()).toBe('3000');

    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(lines).toHaveLength(1);
    const log = await logged;
    expect(log).toContain('/v1/table/documents/count_rows/');
    expect(log).not.toContain(API_KEY);
  });
}

test('a server whose output nobody reads goes on serving, and ends quietly', async ({ served }) => {
  const reserved = createServer().listen(0, '127.0.0.1');
  await once(reserved, 'listening');
  const port = (reserved.address() as AddressInfo).port;
  reserved.close();
  const child = start(['--uri', served.dir, '--port', String(port)], { LANCEDB_SERVER_API_KEY: API_KEY });
  child.stdout.destroy();
  const logged = text(child.stderr);
  const exited = once(child, 'exit');
  const answers = () =>
    fetch(`http://127.0.0.1:${port}/v1/table/`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(answers).toBe(401);
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(await logged).not.toContain('EPIPE');
});

test('a command line that makes no sense ends with code 2 and says why', async ({ served }) => {
  const cases: [args: string[], says: RegExp][] = [
    [[], /--uri/],
    [['--uri', `${served.dir}/nope`], /is not a folder/],
    [['--uri', served.dir, '--host', '0.0.0.0'], /give an API key/],
    [['--uri', served.dir, '--port', 'eighty'], /whole number/],
    [['--uri', served.dir, '--compression', 'gzip'], /lz4/],
    [['--uri', served.dir, '--nonsense'], /unknown option/],
  ];
  for (const [args, says] of cases) {
    const { code, out, err } = await outcome(args);
    expect({ args, code, out }).toEqual({ args, code: 2, out: '' });
    expect(err).toMatch(says);
  }
});

test('a port in use ends with code 1', async ({ served }) => {
  const { port } = await served.serve();
  const { code, err } = await outcome(['--uri', served.dir, '--port', String(port)]);
  expect(code).toBe(1);
  expect(err).toMatch(/EADDRINUSE/);
});

test('--help shows examples', async () => {
  const { code, out } = await outcome(['--help']);
  expect(code).toBe(0);
  expect(out).toContain('Examples:');
});
