import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
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

/** Installs the reader where it is missing: half a gigabyte that nothing else here needs, so it is in no other install. */
export function installReader(folder: string): void {
  if (isInstalled(folder)) return;
  process.stdout.write('Installing chdb (about 180 MB to fetch)\n');
  const args = ['ci', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) throw new Error(`"npm ${args.join(' ')}" exited with ${String(status)}`);
}
