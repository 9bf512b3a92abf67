import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, inject, test as base } from 'vitest';
import { Browser } from './browser.ts';
import { PASSWORD, settingsWithUsers } from './users.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const API_KEY = 'sk-not-to-be-shown';

const test = base.extend<{ config: string }>({
  config: async ({ task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), `lance-dashboard-${task.id}-`));
    const file = path.join(folder, 'offload.yaml');
    await writeFile(file, 'connection: { project_name: test }\nlake: ./lake\n');
    await use(file);
    await rm(folder, { recursive: true });
  },
});

function start(args: string[]): ChildProcessWithoutNullStreams {
  const env = { ...process.env, LANCEDB_API_KEY: API_KEY, REDIS_URL: inject('redisUrl') };
  return spawn(process.execPath, ['--conditions=dev', MAIN, ...args], { env });
}

async function outcome(args: string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const child = start(args);
  child.stdin.end(input);
  const closed = once(child, 'close');
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = await closed;
  return { code, out, err };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`the command says where the board is, in one line, and ends at ${signal}`, async ({ config }) => {
    const child = start(['--config', config, '--port', '0']);
    const logged = text(child.stderr);
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const [, url] = /^lance-dashboard listening on (http:\/\/127\.0\.0\.1:\d+)$/.exec(String(line)) ?? [];
    expect((await fetch(`${url}/queues/api/queues`)).status).toBe(200);

    const exited = once(child, 'exit');
    child.kill(signal);
    expect(await exited).toEqual([0, null]);
    expect(await logged).not.toContain(API_KEY);
  });
}

test('a port in use is said so, with exit code 1', async ({ config }) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { code, out, err } = await outcome(['--config', config, '--port', String(address.port)]);
  other.close();
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toContain(
    `Cannot listen on 127.0.0.1 port ${address.port}: the port is in use; choose another with --port`,
  );
});

test('an address other machines reach is refused with exit code 78, unless users can log in', async ({
  config,
}) => {
  const hosts = ['0.0.0.0', '::', '192.0.2.1', 'board.internal'];
  for (const { code, err } of await Promise.all(
    hosts.map((host) => outcome(['--config', config, '--host', host])),
  )) {
    expect(code).toBe(78);
    expect(err).toContain('[CONFIG_INVALID] Other machines can reach');
    expect(err).toContain('lance-dashboard hash-password');
  }
  const { users } = await settingsWithUsers();
  await appendFile(config, `dashboard: ${JSON.stringify({ users })}\n`);
  const child = start(['--config', config, '--host', '0.0.0.0', '--port', '0']);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const [, port] = /^lance-dashboard listening on http:\/\/0\.0\.0\.0:(\d+)$/.exec(String(line)) ?? [];
  expect((await fetch(`http://127.0.0.1:${port}/queues/api/queues`)).status).toBe(401);
  child.kill('SIGKILL');
});

test('hash-password makes of a password what logs its user in', async ({ config }) => {
  const made = await outcome(['hash-password'], `${PASSWORD}\n`);
  expect(made).toMatchObject({ code: 0, err: '' });
  const users = [{ name: 'olga', role: 'operator', password_hash: made.out.trim() }];
  await appendFile(config, `dashboard: ${JSON.stringify({ users })}\n`);
  const child = start(['--config', config, '--port', '0']);
  const logged = text(child.stderr);
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const browser = new Browser(String(line).replace(/^.* on (.*)$/, '$1'));
  expect((await browser.logIn('olga', PASSWORD)).status).toBe(303);
  expect((await browser.request('GET', '/api/session')).body).toContain('"user":"olga"');
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
  for (const secret of [PASSWORD, made.out.trim(), browser.token]) expect(await logged).not.toContain(secret);
});

test('hash-password refuses a short password, and no password', async () => {
  for (const given of ['eleven-char\n', '']) {
    const { code, out, err } = await outcome(['hash-password'], given);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('too short: it needs 12 characters or more');
  }
});

test('a wrong command line ends with exit code 2, and a missing configuration with 78', async () => {
  const wrong = [['--port', '70000'], ['--port', ''], ['--sing'], ['tables']];
  const outcomes = await Promise.all(wrong.map((args) => outcome(args)));
  expect(outcomes.map((ended) => ended.code)).toEqual([2, 2, 2, 2]);
  const { code, err } = await outcome(['--config', '/nowhere/offload.yaml']);
  expect(code).toBe(78);
  expect(err).toContain('/nowhere/offload.yaml cannot be read');
});
