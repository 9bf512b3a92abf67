import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

interface Manifest {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const read = (file: string): Manifest => JSON.parse(readFileSync(file, 'utf8'));

/** Whether each dependency is there in exactly the version the manifest names. */
function isInstalled(folder: string): boolean {
  const wanted = Object.entries(read(path.join(folder, 'package.json')).dependencies);
  return wanted.every(([name, version]) => {
    const file = path.join(folder, 'node_modules', name, 'package.json');
    return existsSync(file) && read(file).version === version;
  });
}

function runLoud(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (error) throw error;
  if (status !== 0) throw new Error(`"${command} ${args.join(' ')}" exited with ${String(status)}`);
}

/** Python with what makes a virtual environment: Debian has that in a package of its own. */
function installVenv(): void {
  const { status } = spawnSync('python3', ['-c', 'import ensurepip, venv'], { stdio: 'ignore' });
  if (status === 0) return;
  process.stdout.write('Installing python3-venv from Debian\n');
  const [apt, ...sudo] = process.getuid?.() === 0 ? ['apt-get'] : ['sudo', 'apt-get'];
  runLoud(apt ?? '', [...sudo, 'update', '-qq']);
  runLoud(apt ?? '', [...sudo, 'install', '-y', '-qq', '--no-install-recommends', 'python3-venv']);
}

/**
 * Installs the Python readers of requirements.txt into an environment of their own, where it is missing or another.
 *
 * @returns its Python.
 */
export function installPython(folder: string): string {
  const environment = path.join(folder, 'node_modules', '.cache', 'python');
  const [wanted, installed] = [
    path.join(folder, 'requirements.txt'),
    path.join(environment, 'requirements.txt'),
  ];
  const python = path.join(environment, 'bin', 'python');
  if (existsSync(installed) && readFileSync(installed, 'utf8') === readFileSync(wanted, 'utf8'))
    return python;
  installVenv();
  process.stdout.write("Installing Polars, delta-rs and DuckDB's Delta reader (about 160 MB to fetch)\n");
  runLoud('python3', ['-m', 'venv', '--clear', environment]);
  runLoud(python, ['-m', 'pip', 'install', '-q', '--disable-pip-version-check', '-r', wanted]);
  copyFileSync(wanted, installed);
  return python;
}

/** Installs the reader where it is missing: half a gigabyte that nothing else here needs, so it is in no other install. */
export function installReader(folder: string): void {
  if (isInstalled(folder)) return;
  process.stdout.write('Installing chdb (about 180 MB to fetch)\n');
  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`"npm ${args.join(' ')}" exited with ${String(status)}`);
}
