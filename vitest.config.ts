import { defineConfig } from 'vitest/config';

const long = process.env['HOLDFAST_TEST_LONG'] === '1';

/** Units run beside each other; everything that starts real programs runs one file at a time on a small machine. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'units',
          include: ['src/**/*.test.ts', 'tools/**/*.test.ts'],
          pool: 'threads',
          testTimeout: 30_000,
        },
      },
      ...(['scenarios', 'crash', 'faults', 'simulation'] as const).map((name) => ({
        test: {
          name,
          include: [`test/${name}/**/*.test.ts`],
          pool: 'forks' as const,
          fileParallelism: false,
          testTimeout: long ? 1_800_000 : 300_000,
          hookTimeout: 300_000,
        },
      })),
    ],
  },
});
