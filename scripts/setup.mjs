// Makes a fresh clone ready: dependencies, build, and with --redis and --chromium these programs. Plain Node 20, no dependency.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

const quiet = ['--reporter=silent'];
const install = ['--yes', packageManager, 'install', '--frozen-lockfile', '--config.pm-on-fail=ignore'];
if (!existsSync(path.join(root, 'node_modules')))
  console.log('setup: installing dependencies (about a minute)');
run('npx', [...install, ...quiet]);
const node = path.join(root, 'node_modules/node/bin/node');
run(path.join(root, 'node_modules/.bin/tsc'), ['-b'], {
  env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` },
});
if (process.argv.includes('--redis'))
  installDebian('redis-server', 'redis-server', 'install Redis 6.2 or later');
if (process.argv.includes('--chromium')) installDebian('chromium', 'chromium', 'install Chromium');
