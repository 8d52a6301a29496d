import { describe } from 'vitest';

const reason = process.env['HOLDFAST_TEST_SKIP'];

/** A story that needs the real programs: its tests run one after the other, and are skipped with the reason where there are none. */
export function describeStack(story: string, tests: () => void): void {
  if (reason === undefined) describe(story, tests);
  else describe.skip(`${story} (skipped: ${reason})`, tests);
}
