import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { loadConfig } from '@lance-offload/base';
import { expect, test } from 'vitest';
import { hashPassword } from '../src/access/passwords.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly stop_grace_period?: string;
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>>;
}

// The YAML parser is a dependency of base, which reads its configuration with it.
const base = createRequire(path.join(root, 'packages/base/package.json'));
const yaml: { parse(text: string, options: { merge: boolean }): unknown } = base('yaml');

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

function isCompose(value: unknown): value is Compose {
  return typeof value === 'object' && value !== null && 'services' in value && 'volumes' in value;
}

function readCompose(): Compose {
  const compose = yaml.parse(read('docker-compose.yml'), { merge: true });
  if (!isCompose(compose)) throw new Error('docker-compose.yml has no services or no volumes');
  return compose;
}

/** `${NAME:-default}` as it is with no variable set. */
const withDefaults = (text: string): string => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

const { services, volumes } = readCompose();
const dockerfile = read('Dockerfile').replaceAll('\\\n', ' ');
const stages = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name);
const copies = [...dockerfile.matchAll(/^COPY (?:--from=(\S+) )?(.+) \S+$/gm)].map(
  ([, from, sources = '']) => ({
    from,
    sources: sources.split(/\s+/),
  }),
);

test('the services are Redis, the three of the fleet, and a server for the demo only', () => {
  expect(Object.keys(services)).toEqual(['redis', 'producer', 'worker', 'dashboard', 'lancedb-server']);
  expect(services['lancedb-server']?.profiles).toEqual(['demo']);
  for (const { depends_on: needs = {} } of Object.values(services)) {
    for (const name of Object.keys(needs)) expect(services).toHaveProperty(name);
  }
});

test('each service that is built has a stage of its name in the Dockerfile', () => {
  const built = Object.entries(services).filter(([, { build }]) => build);
  expect(built.map(([name, { build }]) => [name, build?.target])).toEqual(
    built.map(([name]) => [name, name]),
  );
  for (const [name] of built) expect(stages).toContain(name);
});

test('Redis evicts nothing and keeps jobs over a restart', () => {
  const flags = services['redis']?.command?.join(' ');
  expect(flags).toContain('--maxmemory-policy noeviction');
  expect(flags).toContain('--appendonly yes');
  expect(services['redis']?.volumes).toContain('redis:/data');
});

test('only the dashboard is published, on 127.0.0.1 only', () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) =>
    ports.map((port) => `${name} ${withDefaults(port)}`),
  );
  expect(published).toEqual(['dashboard 127.0.0.1:3000:3000']);
});

test('a worker has longer to stop than it gives its pages', () => {
  const { command = [], stop_grace_period: period = '' } = services['worker'] ?? {};
  const graceSeconds = Number(command[command.indexOf('--grace') + 1]);
  const stopSeconds = Number(/^(\d+)s$/.exec(period)?.[1]);
  expect(stopSeconds).toBeGreaterThanOrEqual(graceSeconds + 10);
});

test('whoever plans, stages, commits, shows or cancels runs has the lake', () => {
  for (const name of ['producer', 'worker', 'dashboard']) {
    expect(services[name]?.volumes).toContain('lake:/lake');
  }
});

test('what runs on is asked for its health, where it listens', () => {
  const checked = ['redis', 'worker', 'dashboard'];
  for (const name of checked) expect(services[name]?.healthcheck?.test[0]).toBe('CMD');
  const { command = [], healthcheck } = services['worker'] ?? {};
  const port = command[command.indexOf('--health-port') + 1];
  expect(healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${port}/readyz`);
  expect(dockerfile).toMatch(new RegExp(`^FROM fleet AS worker\\n(?:#.*\\n)?EXPOSE ${port}$`, 'm'));
});

test('API keys and the hash of the password come from the environment, and must be set', () => {
  const secrets = Object.values(services).flatMap(({ environment = {} }) =>
    Object.entries(environment).filter(([name]) => name !== 'REDIS_URL'),
  );
  expect(new Set(secrets.map(([name]) => name))).toEqual(
    new Set(['LANCEDB_API_KEY', 'DASHBOARD_PASSWORD_HASH', 'LANCEDB_SERVER_API_KEY']),
  );
  for (const [, value] of secrets)
    expect(value).toMatch(/^\$\{(?:LANCEDB_API_KEY|DASHBOARD_PASSWORD_HASH):\?.+\}$/);
  expect(dockerfile).not.toMatch(/API_KEY|PASSWORD|TOKEN|SECRET/i);
  for (const file of ['offload.yaml', 'demo.yaml']) {
    expect(read(`examples/compose/${file}`)).toContain('api_key: ${LANCEDB_API_KEY}\n');
    expect(read(`examples/compose/${file}`)).toContain('password_hash: "${DASHBOARD_PASSWORD_HASH}"');
  }
});

test('each configuration gives the dashboard a user, with the hash that compose passes on', async () => {
  const hash = await hashPassword('correct horse battery staple', 14);
  for (const file of ['offload.yaml', 'demo.yaml']) {
    const environment = { LANCEDB_API_KEY: 'key', DASHBOARD_PASSWORD_HASH: hash };
    const { dashboard } = await loadConfig(path.join(root, 'examples/compose', file), environment);
    expect(dashboard.users).toEqual([{ name: 'operator', role: 'operator', password_hash: hash }]);
  }
  expect(services['dashboard']?.command).toEqual(['--host', '0.0.0.0']);
  expect(JSON.stringify(services['dashboard']?.healthcheck)).toContain('/readyz');
});

test('each volume is declared, and each configuration that is mounted is there', () => {
  const mounts = Object.values(services).flatMap(({ volumes: used = [] }) => used.map(withDefaults));
  const sources = new Set(mounts.map((mount) => mount.slice(0, mount.indexOf(':'))));
  const made = './.quickstart/lancedb'; // by the quickstart
  const missing = [...sources].filter(
    (source) => source !== made && !(source in volumes) && !existsSync(path.join(root, source)),
  );
  expect(missing).toEqual([]);
  expect(Object.keys(volumes).filter((name) => !sources.has(name))).toEqual([]);
});

test('what the Dockerfile copies is there, and is not kept out of the build', () => {
  const allowed = new Set([...read('.dockerignore').matchAll(/^!(.+)$/gm)].map(([, name]) => name));
  const sources = copies.filter(({ from }) => from === undefined).flatMap((copy) => copy.sources);
  expect(sources.filter((source) => !existsSync(path.join(root, source)))).toEqual([]);
  expect(sources.filter((source) => !allowed.has(source) && !allowed.has(source.split('/')[0]))).toEqual([]);
  expect(sources).toContain('packages');
  const from = copies.flatMap((copy) => copy.from ?? []);
  expect(from.filter((stage) => !stages.includes(stage))).toEqual([]);
});

/** These packages of the workspace and all that they depend on. */
function workspacePackages(folders: readonly string[], found = new Set<string>()): Set<string> {
  for (const folder of folders) {
    if (found.has(folder)) continue;
    found.add(folder);
    const { dependencies } = JSON.parse(read(`packages/${folder}/package.json`)) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const ours = Object.keys(dependencies).flatMap((name) => name.split('@lance-offload/')[1] ?? []);
    workspacePackages(ours, found);
  }
  return found;
}

test('each image starts a command that is there, with its package and those it depends on', () => {
  const entries = [
    ...dockerfile.matchAll(/^ENTRYPOINT \["node", "\/app\/(packages\/\S+?)\/bin\/(\S+)"\]$/gm),
  ];
  expect(entries).toHaveLength(4);
  const copied = new Set(copies.flatMap(({ from, sources }) => (from === 'build' ? sources : [])));
  for (const [, folder = '', bin = ''] of entries) {
    expect(existsSync(path.join(root, folder, 'bin', bin))).toBe(true);
    const [, loaded = ''] = /import\('\.\.\/(\w+)\/main\.js'\)/.exec(read(`${folder}/bin/${bin}`)) ?? [];
    expect(['dist', 'bundle']).toContain(loaded);
    for (const part of ['bin', loaded]) expect(copied).toContain(`/app/${folder}/${part}`);
    expect(read(`${folder}/package.json`)).toContain(`./bin/${bin}`);
  }
  for (const folder of workspacePackages(['dashboard']))
    expect(copied).toContain(`/app/packages/${folder}/dist`);
});

test('the images are built with the package manager of the workspace, and run on its major version of Node', () => {
  expect(read('package.json')).toContain(
    `"packageManager": "${/--global (pnpm@\S+)/.exec(dockerfile)?.[1]}"`,
  );
  expect(read('pnpm-workspace.yaml')).toMatch(
    new RegExp(`^  node: ${/^FROM node:(\d+)-/m.exec(dockerfile)?.[1]}\\.`, 'm'),
  );
  expect(dockerfile.match(/^USER node$/gm)).toHaveLength(2);
});
