import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * Where tests keep what is dear to make: programs, blocks, the program cache that all tests share. Outside of the
 * checkout, so that a fresh clone finds it again. HOLDFAST_TEST_CACHE names another place.
 * @returns {string}
 */
export function testCache() {
  const { HOLDFAST_TEST_CACHE: named, XDG_CACHE_HOME: xdg, HOME: home } = process.env;
  return named ?? join(xdg ?? join(home ?? homedir(), '.cache'), 'holdfast-tests');
}

/** XDG_CACHE_HOME of every command that a test runs: the programs of the stack are fetched once. */
export function sharedProgramCache() {
  return join(testCache(), 'xdg-cache');
}
