import { defineConfig } from 'vitest/config';

const reporters = ['default', './scripts/closing-line-reporter.ts'];

/** Projects by suffix: what a test needs is read off its file name. */
export default defineConfig({
  ssr: { resolve: { conditions: ['dev'] } },
  resolve: { conditions: ['dev'] },
  test: {
    reporters,
    maxWorkers: 3, // on two cores, too: half of the tests wait for processes more than they compute
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          testTimeout: 30_000,
          include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          exclude: ['**/*.redis.test.ts', '**/*.e2e.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'redis',
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
