// Makes a fresh clone ready: dependencies, build, and (with --redis) a redis-server binary. Plain Node 20, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const { packageManager } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (error) throw error;
  if (status !== 0) {
    console.error(`setup: "${command} ${args.join(' ')}" exited with ${status}`);
    process.exit(status ?? 1);
  }
}

function has(command) {
  return spawnSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' }).status === 0;
}

/** Redis is not on npm: what is installed, else Debian's package. */
function installRedis() {
  if (has('redis-server')) return;
  if (!has('apt-get')) {
    console.error(
      'setup: no redis-server on PATH and no apt-get to install it with; install Redis 6.2 or later.',
    );
    process.exit(1);
  }
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', ...args];
    run(command, rest, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  console.log('setup: installing redis-server from Debian');
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', 'redis-server');
}

/** The dashboard's pages, unless the built ones are newer than all they are made of. */
function buildPages(env) {
  const dashboard = path.join(root, 'packages/dashboard');
  const built = path.join(dashboard, 'dist/client/index.html');
  const sources = readdirSync(path.join(dashboard, 'client'), { recursive: true });
  const files = ['vite.config.ts', 'package.json', ...sources.map((file) => path.join('client', file))];
  const newest = Math.max(...files.map((file) => statSync(path.join(dashboard, file)).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  run(path.join(dashboard, 'node_modules/.bin/vite'), ['build'], { cwd: dashboard, env });
}

const quiet = ['--reporter=silent'];
const install = ['--yes', packageManager, 'install', '--frozen-lockfile', '--config.pm-on-fail=ignore'];
if (!existsSync(path.join(root, 'node_modules')))
  console.log('setup: installing dependencies (about a minute)');
run('npx', [...install, ...quiet]);
const node = path.join(root, 'node_modules/node/bin/node');
const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` };
run(path.join(root, 'node_modules/.bin/tsc'), ['-b'], { env });
buildPages(env);
if (process.argv.includes('--redis')) installRedis();
