import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { SkipReporter } from './tools/skip-reporter.mjs';

const long = process.env['HOLDFAST_TEST_LONG'] === '1';
/** Where .ci/run collects what to sum up. */
const results = process.env['HOLDFAST_TEST_RESULTS'];

/** Units run beside each other; what takes its time with real programs (*.programs.test.ts, test/) runs one file at a time on a small machine. */
export default defineConfig({
  test: {
    reporters: ['default', new SkipReporter(), ...(results === undefined ? [] : ['json'])],
    ...(results === undefined ? {} : { outputFile: { json: join(results, `${process.pid}.json`) } }),
    projects: [
      {
        test: {
          name: 'units',
          include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
          exclude: ['**/*.programs.test.ts'],
          pool: 'threads',
          maxWorkers: 2,
          globalSetup: ['test/harness/units-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'programs',
          include: ['src/**/*.programs.test.ts'],
          pool: 'threads',
          fileParallelism: false,
          globalSetup: ['test/harness/units-setup.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'tsdb',
          include: ['test/tsdb/**/*.test.ts'],
          pool: 'forks',
          fileParallelism: false,
          globalSetup: ['test/tsdb/setup.ts'],
          testTimeout: long ? 1_800_000 : 300_000,
          hookTimeout: 300_000,
        },
      },
      ...(['scenarios', 'crash', 'faults', 'simulation'] as const).map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          pool: 'forks' as const,
          globalSetup: ['test/harness/global-setup.ts'],
          setupFiles: ['test/harness/clean-up.ts'],
          fileParallelism: false,
          testTimeout: long ? 1_800_000 : 300_000,
          hookTimeout: 300_000,
        },
      })),
    ],
  },
});
