import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { fetchTestPrograms } from '../test/harness/fetch-test-programs.mjs';
import { buildHoldfast, repository } from './build.mjs';

/**
 * The figures of docs/bench.md: JSON on stdout, the story on stderr. A missed target is exit status 1 only with --strict.
 *   --repetitions N   starts of each command, interleaved (default 31)
 *   --large SIZE      also a rebuild with blocks of that size, as 2GB; they are made once and kept in the test cache
 *   --only NAME       start-up, up, outage, rescue, check, inventory or coverage alone; may be given more than once
 */
const { values } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '31' },
    large: { type: 'string' },
    only: { type: 'string', multiple: true },
    strict: { type: 'boolean', default: false },
  },
});

/** @param {string} line */
const say = (line) => void process.stderr.write(`${line}\n`);

const directory = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
try {
  say('building');
  await buildHoldfast({ outdir: join(directory, 'dist') });
  await writeFile(join(directory, 'package.json'), '{"type":"module"}\n');
  process.env['HOLDFAST_TEST_MAIN'] = join(directory, 'dist', 'main.js');
  const programs = await fetchTestPrograms({ log: say });
  if (programs.directory === null) throw new Error(programs.reason);
  process.env['HOLDFAST_TEST_PROGRAMS'] = programs.directory;
  const { runBench } = await loadBench(directory);
  const report = await runBench({
    repetitions: Number(values.repetitions),
    large: values.large,
    only: values.only,
    say,
  });
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  if (values.strict && !report.ok) process.exitCode = 1;
} finally {
  await rm(directory, { recursive: true, force: true });
}

/**
 * The bench is TypeScript and shares the tests' harness, so it is bundled as the product is.
 * @param {string} into
 * @returns {Promise<typeof import('../test/bench/run-bench.ts')>}
 */
async function loadBench(into) {
  const outfile = join(into, 'bench.js');
  await build({
    entryPoints: [join(repository, 'test/bench/run-bench.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outfile,
    logLevel: 'warning',
    banner: {
      js: "import { createRequire as __hfCreateRequire } from 'node:module';\nconst require = __hfCreateRequire(import.meta.url);",
    },
  });
  return import(pathToFileURL(outfile).href);
}
