import { defineConfig } from 'vitest/config';

/** Where `.ci/run` wants a report to count from. */
const reports = process.env['TEST_REPORTS'];

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/bench/**', 'node_modules/**'],
    reporters:
      reports === undefined ? ['default'] : ['default', ['json', { outputFile: `${reports}/test.json` }]],
    // What a test waits for comes within seconds; a machine that does other work too may make it ten times that.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
