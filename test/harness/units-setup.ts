import { fetchTestPrograms } from './fetch-test-programs.mjs';

/** Before the units: promtool, amtool and the programs that golden files and adapters are tried on. */
export async function setup(): Promise<void> {
  const { directory } = await fetchTestPrograms({ log: (line) => console.error(line) });
  if (directory !== null) process.env['HOLDFAST_TEST_PROGRAMS'] = directory;
}
