// Runs the tests that have two sizes (those that import a soak.ts) in the large one, with a seed of their own; SOAK_SEED=… for a given one.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';

const files = globSync('{packages/*,e2e}/test/**/*.test.ts').filter((file) =>
  /from '[./]+(?:\w+\/)*soak\.ts'/.test(readFileSync(file, 'utf8')),
);
const seed = process.env.SOAK_SEED ?? String(Date.now() % 2 ** 31);
console.log(`soak: ${files.length} files, SOAK_SEED=${seed}`);
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2), ...files],
  { stdio: 'inherit', env: { ...process.env, SOAK: '1', SOAK_SEED: seed } },
);
console.log(`soak: SOAK_SEED=${seed}`);
process.exit(status ?? 1);
