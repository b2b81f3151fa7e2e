import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

/** Where `.ci/run` wants a report to count from. */
const reports = process.env['TEST_REPORTS'];

const heapTests = 'src/**/*-heap.test.ts';

export default defineConfig({
  test: {
    exclude: ['test/e2e/**', 'test/bench/**', 'node_modules/**'],
    projects: [
      // One worker for many files: to read the same modules anew for each of them took half of the time.
      {
        extends: true,
        test: { name: 'rooms', include: ['src/**/*.test.ts'], exclude: [heapTests], isolate: false },
      },
      // What is left of a heap can be measured in a process of its own alone, in which V8 begins no collection in the midst.
      {
        extends: true,
        test: { name: 'heap', include: [heapTests], execArgv: ['--no-incremental-marking'] },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: ['test/**/*.test.ts'],
          globalSetup: [join(import.meta.dirname, 'test', 'compile-cache.ts')],
        },
      },
    ],
    // Two of three tests wait: for a process of the command line, a deadline, a registry. Few cores run more than one worker each.
    maxWorkers: Math.max(5, availableParallelism() - 1),
    reporters:
      reports === undefined ? ['default'] : ['default', ['json', { outputFile: `${reports}/test.json` }]],
    // What a test waits for comes within seconds; a machine that does other work too may make it ten times that.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 30_000 } },
  },
});
