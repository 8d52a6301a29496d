import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildHoldfast } from '../../tools/build.mjs';
import { fetchTestPrograms } from './fetch-test-programs.mjs';
import { openHoldfast } from './holdfast.ts';
import { sharedProgramCache } from './test-cache.mjs';

/** Several projects have this set-up; the first of a vitest run does the work for all. */
const shared = globalThis as { holdfastTestSetup?: Promise<string>; holdfastTestUsers?: number };

/**
 * Before everything that runs the real command: builds it into a directory of its own, so that a build in the checkout
 * disturbs no test, and gets the real programs once. HOLDFAST_TEST_SKIP says why what needs them is skipped.
 */
export async function setup(): Promise<() => Promise<void>> {
  shared.holdfastTestSetup ??= prepare();
  shared.holdfastTestUsers = (shared.holdfastTestUsers ?? 0) + 1;
  const build = await shared.holdfastTestSetup;
  return async () => {
    shared.holdfastTestUsers = (shared.holdfastTestUsers ?? 1) - 1;
    if (shared.holdfastTestUsers === 0) await rm(build, { recursive: true, force: true });
  };
}

async function prepare(): Promise<string> {
  const build = await mkdtemp(join(tmpdir(), 'holdfast-test-build-'));
  await buildHoldfast({ outdir: build });
  await writeFile(join(build, 'package.json'), '{"type":"module"}\n');
  process.env['HOLDFAST_TEST_MAIN'] = join(build, 'main.js');
  const { directory, reason } = await fetchTestPrograms({ log: (line) => console.error(line) });
  if (directory !== null) process.env['HOLDFAST_TEST_PROGRAMS'] = directory;
  const missing = reason ?? (await warmProgramCache());
  if (missing !== undefined) process.env['HOLDFAST_TEST_SKIP'] = missing;
  return build;
}

/** One `up` fills the cache that all tests share. Only where no source has the programs are the tests skipped. */
async function warmProgramCache(): Promise<string | undefined> {
  const entries = await readdir(join(sharedProgramCache(), 'holdfast', 'programs', 'entries')).catch(() => []);
  if (entries.length > 0) return undefined;
  console.error('getting the programs of the stack for the tests, once');
  const holdfast = await openHoldfast();
  try {
    const { json } = await holdfast.run(['up'], { timeoutMs: 600_000 });
    return json.error?.code === 'program-unavailable' ? json.error.message : undefined;
  } finally {
    await holdfast.cleanUp();
  }
}
