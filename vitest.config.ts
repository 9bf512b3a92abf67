import path from 'node:path';
import { defineConfig } from 'vitest/config';

// What Node has compiled once is not compiled again: the tests start the product's commands several hundred times.
process.env['NODE_COMPILE_CACHE'] ??= path.resolve('node_modules/.cache/node-compile-cache');

const reporters = ['default', './scripts/closing-line-reporter.ts'];

/** Files of one worker share its modules: loading Arrow, DuckDB and BullMQ for each file takes longer than most of its tests. */
const LOADED_ONCE = false;

/** Projects by suffix: what a test needs is read off its file name. */
export default defineConfig({
  ssr: { resolve: { conditions: ['dev'] } },
  resolve: { conditions: ['dev'] },
  test: {
    reporters,
    expect: { poll: { timeout: 30_000, interval: 20 } }, // a condition may come late on a busy machine; none waits for the time
    maxWorkers: 4, // on two cores, too: half of the tests wait for processes more than they compute
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          isolate: LOADED_ONCE,
          testTimeout: 30_000,
          include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          exclude: ['**/*.redis.test.ts', '**/*.e2e.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'redis',
          isolate: LOADED_ONCE,
          include: ['packages/*/test/**/*.redis.test.ts'],
          globalSetup: ['./scripts/redis-for-tests.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/test/**/*.e2e.test.ts', 'packages/*/test/**/*.e2e.test.ts'],
          globalSetup: ['./scripts/redis-for-tests.ts'],
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
