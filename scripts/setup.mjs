// Makes a fresh clone ready: dependencies, build, and with --redis and --chromium these programs. Plain Node 20, no dependency.
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
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

/** Installs a Debian package, where a command that is not on npm is missing. */
function installDebian(command, name, otherwise) {
  if (has(command)) return;
  if (!has('apt-get')) {
    console.error(`setup: no ${command} on PATH and no apt-get to install it with; ${otherwise}.`);
    process.exit(1);
  }
  const sudo = process.getuid?.() === 0 ? [] : ['sudo'];
  const apt = (...args) => {
    const [first, ...rest] = [...sudo, 'apt-get', ...args];
    run(first, rest, {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    });
  };
  console.log(`setup: installing ${name} from Debian`);
  apt('update', '-qq');
  apt('install', '-y', '-qq', '--no-install-recommends', name);
}

/** Tests check metrics and alerts with Prometheus's own tool, where it can be had: one file of Debian's package, and no service. */
function installPromtool() {
  const folder = path.join(root, 'node_modules/.cache/promtool');
  if (has('promtool') || existsSync(path.join(folder, 'promtool')) || !has('apt-get')) return;
  const unpacked = mkdtempSync(path.join(tmpdir(), 'promtool-'));
  const succeeds = (command, ...args) =>
    spawnSync(command, args, { cwd: unpacked, stdio: 'ignore' }).status === 0;
  const download = () => succeeds('apt-get', 'download', '-qq', 'prometheus');
  const sudo = process.getuid?.() === 0 ? [] : ['sudo', '-n'];
  console.log('setup: fetching promtool from Debian');
  const there = download() || (succeeds(...sudo, 'apt-get', 'update', '-qq') && download());
  const [archive] = there ? readdirSync(unpacked) : [];
  if (archive && succeeds('dpkg-deb', '-x', archive, 'files')) {
    mkdirSync(folder, { recursive: true });
    copyFileSync(path.join(unpacked, 'files/usr/bin/promtool'), path.join(folder, 'promtool'));
  } else console.warn('setup: no promtool to be had; tests check metrics and alerts without it');
  rmSync(unpacked, { recursive: true });
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
run(node, ['scripts/bundle.mjs'], { env });
buildPages(env);
if (process.argv.includes('--redis'))
  installDebian('redis-server', 'redis-server', 'install Redis 6.2 or later');
if (process.argv.includes('--chromium')) installDebian('chromium', 'chromium', 'install Chromium');
if (process.argv.includes('--promtool')) installPromtool();
