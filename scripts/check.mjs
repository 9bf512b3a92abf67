// Everything that is checked without running the product, one tool after the other; all of them, even if one finds something.
import { spawnSync } from 'node:child_process';

const checks = [
  ['tsc', '-b'],
  ['tsc', '-p', 'tsconfig.tests.json'], // of the files that nothing is built from: tests, scripts, configuration
  ['oxlint', '--type-aware'],
  ['oxfmt', '--check'],
  ['knip', '--no-progress'],
  ['depcruise', '--config', '.dependency-cruiser.mjs', 'packages', 'bench/src', 'e2e', 'examples'],
  ['node', 'scripts/check-sizes.mjs'],
  ['node', 'scripts/check-links.mjs'],
];
let failed = 0;
for (const [command, ...args] of checks) {
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  if (status === 0) continue;
  failed += 1;
  console.error(`check: "${command} ${args.join(' ')}" found something`);
}
process.exit(failed === 0 ? 0 : 1);
