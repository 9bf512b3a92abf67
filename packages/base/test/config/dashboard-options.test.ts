import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { loadConfig, type Config } from '../../src/config/load.ts';
import { parsePasswordHash, showPasswordHash } from '../../src/config/password-hash.ts';
import { expectRejection } from '../expect-code.ts';
import { inFolder } from '../in-folder.ts';

const SALT = 'c2FsdHNhbHRzYWx0c2FsdA';
const HASH = `scrypt:17:8:1:${SALT}:${'a'.repeat(42)}A`;

const user = (name: string) => `{ name: ${name}, role: viewer, password_hash: "${HASH}" }`;

async function load(dashboard: string, environment: Record<string, string> = {}): Promise<Config> {
  return inFolder(async (folder) => {
    const file = path.join(folder, 'offload.yaml');
    await writeFile(file, `connection: { project_name: p, api_key: k }\nlake: lake\n${dashboard}\n`);
    return loadConfig(file, environment);
  });
}

async function problemsOf(dashboard: string): Promise<readonly string[]> {
  const error = await expectRejection(load(dashboard), 'CONFIG_INVALID');
  return error.details.problems ?? [];
}

test('without the section there are no users, and sessions of twelve hours', async () => {
  expect((await load('')).dashboard).toEqual({ users: [], session_hours: 12 });
  expect((await load('dashboard: {}')).dashboard).toEqual({ users: [], session_hours: 12 });
});

test('a user’s hash and the token of the figures come through the environment as they are', async () => {
  const { dashboard } = await load(
    'dashboard: { users: [{ name: olga, role: operator, password_hash: "${HASH}" }], metrics_token: "${TOKEN}", session_hours: "1.5" }',
    { HASH, TOKEN: 'sixteen-or-more-characters' },
  );
  expect(dashboard).toEqual({
    users: [{ name: 'olga', role: 'operator', password_hash: HASH }],
    metrics_token: 'sixteen-or-more-characters',
    session_hours: 1.5,
  });
});

test('all that is wrong with the section is said at once, and no secret with it', async () => {
  const problems = await problemsOf(`
dashboard:
  user: []
  metrics_token: short
  session_hours: 0
  users:
    - { name: olga, role: operator, password_hash: hunter2-hunter2 }
    - { name: Olga, role: admin, password_hash: "${HASH}" }
    - { name: "a b", role: viewer, password_hash: "${HASH}", pasword_hash: x }
`);
  expect(problems).toEqual([
    'dashboard.users.0.password_hash: must be a hash, never the password itself; `lance-dashboard hash-password` makes one',
    'dashboard.users.1.role: must be one of viewer, operator',
    'dashboard.users.2.name: must be up to 64 letters, digits and . _ @ + -',
    'dashboard.users.2.pasword_hash: unknown key; did you mean `password_hash`?',
    'dashboard.metrics_token: must be 16 characters or more, without white space; `openssl rand -hex 32` makes one',
    expect.stringMatching(/^dashboard\.session_hours: /),
    'dashboard.user: unknown key; did you mean `users`?',
  ]);
  expect(problems.join()).not.toContain('hunter2');
});

test('two users of one name are refused, whatever the case of its letters', async () => {
  expect(await problemsOf(`dashboard: { users: [${user('olga')}, ${user('OLGA')}] }`)).toEqual([
    'dashboard.users.1.name: must differ from the other users’',
  ]);
});

test('a hash survives what takes $ for a variable, and is read as it was written', () => {
  expect(HASH).not.toMatch(/[$'"\\\s#{}]/);
  const parsed = parsePasswordHash(HASH);
  expect(parsed && showPasswordHash(parsed)).toBe(HASH);
});

test.for([
  ['', 'nothing'],
  ['$scrypt$ln=17$x', 'another form'],
  [HASH.replace('17', '13'), 'too cheap'],
  [HASH.replace('17', '23'), 'more memory than a login may take'],
  [HASH.replace(':8:', ':7:'), 'blocks too small'],
  [HASH.replace(':1:', ':0:'), 'no lane'],
  [HASH.replace(SALT, 'c2FsdA'), 'a short salt'],
  [HASH.slice(0, -1), 'a short hash'],
  [`${HASH}\n`, 'a line break'],
] as const)('%j is no hash: %s', ([text]) => {
  expect(parsePasswordHash(text)).toBeUndefined();
});
