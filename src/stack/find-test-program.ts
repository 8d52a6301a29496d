import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * A real program for a test, from HOLDFAST_TEST_PROGRAMS (a directory) or PATH, by the first of its names that is there:
 * Debian calls alertmanager `prometheus-alertmanager`. Undefined where it is not here, and the test is skipped.
 */
export function findTestProgram(...names: readonly string[]): string | undefined {
  const directories = [process.env['HOLDFAST_TEST_PROGRAMS'] ?? '', ...(process.env['PATH'] ?? '').split(delimiter)];
  return directories
    .filter((directory) => directory !== '')
    .flatMap((directory) => names.map((name) => join(directory, name)))
    .find(isExecutable);
}

/** What a skipped test says of itself. */
export function missing(program: string | undefined, name: string): string {
  return program === undefined ? ` (skipped: no ${name} in HOLDFAST_TEST_PROGRAMS or PATH)` : '';
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
