import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Where `.ci/run` wants a report to count from. */
const reports = process.env['TEST_REPORTS'];

/** One file after the other in one process: they share a cluster, and a webhook in it concerns everybody. */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    globalSetup: [join(import.meta.dirname, 'harness', 'global-setup.ts')],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    reporters:
      reports === undefined ? ['default'] : ['default', ['json', { outputFile: `${reports}/e2e.json` }]],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
});
