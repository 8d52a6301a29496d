import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildTypes } from './build-types.mjs';
import { renderLicenses } from './bundled-licenses.mjs';

export const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** A daemon that was started from an earlier build still loads that build's chunks on demand. */
const keptBuilds = 10;
const oldestNode = [20, 19];

/**
 * Bundles src/main.ts into `outdir`: main.js and, in chunks/, one file for everything that a verb loads on demand.
 * Each file replaces the old one by rename, main.js last, so that a command started meanwhile finds a whole build.
 * @param {{outdir?: string, entry?: string, only?: boolean}} [options] `only` removes what this build did not write, and adds
 *   the types of the library: it makes what is packed.
 * @returns {Promise<readonly string[]>} what was written, relative to outdir
 */
export async function buildHoldfast({
  outdir = join(repository, 'dist'),
  entry = join(repository, 'src/main.ts'),
  only = false,
} = {}) {
  const entryPoints = {
    main: entry,
    // The thread that reads a TSDB, and the library that others may import as holdfast/tsdb.
    'tsdb-worker': join(repository, 'src/tsdb/tsdb-worker.ts'),
    tsdb: join(repository, 'src/tsdb/tsdb.ts'),
  };
  const options = { ...(await buildOptions()), entryPoints, outdir };
  const result = await build({ ...options, write: false, metafile: true });
  const quick = await buildQuickStatus(options);
  const files = [...result.outputFiles, ...quick].map(({ path, text }) => ({ name: relative(outdir, path), text }));
  const main = files.find(({ name }) => name === 'main.js');
  if (main === undefined) throw new Error(`esbuild made no main.js from ${entry}.`);
  for (const { name, text } of files.filter((file) => file !== main))
    await replaceFile(join(outdir, name), text, 0o644);
  await replaceFile(join(outdir, main.name), asCommand(main.text), 0o755);
  await replaceFile(
    join(outdir, 'THIRD-PARTY-LICENSES.txt'),
    await renderLicenses(repository, Object.keys(result.metafile.inputs)),
    0o644,
  );
  const names = files.map(({ name }) => name);
  await removeOldChunks(outdir, names, only ? 1 : keptBuilds);
  if (only) await buildTypes({ repository, outdir });
  return names;
}

/** One file of its own: each further file costs `status` a twentieth of its start. @param {import('esbuild').BuildOptions} options */
async function buildQuickStatus(options) {
  const entryPoints = { 'quick-status': join(repository, 'src/main/quick-status.ts') };
  const { outputFiles } = await build({ ...options, entryPoints, splitting: false, write: false });
  return outputFiles;
}

/** @returns {Promise<import('esbuild').BuildOptions & {write: false}>} */
export async function buildOptions() {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
  return {
    bundle: true,
    splitting: true,
    write: false,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'warning',
    chunkNames: 'chunks/[name]-[hash]',
    absWorkingDir: repository,
    define: { __HOLDFAST_VERSION__: JSON.stringify(version) },
    // Bundled CommonJS packages call require() for Node's own modules, and for those alone: all others are in the bundle.
    // It stands in every chunk, where createRequire() would cost a fifth of the start-up time of `status`.
    banner: { js: 'const require = process.getBuiltinModule;' },
  };
}

/** @param {string} bundle */
function asCommand(bundle) {
  const [major, minor] = oldestNode;
  return [
    '#!/usr/bin/env node',
    `{`,
    `  const [major, minor] = process.versions.node.split('.').map(Number);`,
    `  if (major < ${major} || (major === ${major} && minor < ${minor})) {`,
    '    process.stderr.write(`holdfast: Node.js ${process.versions.node} is too old: ${process.execPath}\\n`);',
    `    process.stderr.write('  Remedy: install Node.js ${major}.${minor} or newer, or use the release archive, which brings its own.\\n');`,
    `    process.exit(1);`,
    `  }`,
    `}`,
    bundle.replace(/^#!.*\n/, ''),
  ].join('\n');
}

/** @param {string} path @param {string} text @param {number} mode */
async function replaceFile(path, text, mode) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text, { mode });
  await rename(temporary, path);
}

/** @param {string} outdir @param {readonly string[]} written @param {number} kept */
async function removeOldChunks(outdir, written, kept) {
  const list = join(outdir, '.builds.json');
  /** @type {readonly (readonly string[])[]} */
  const earlier = await readFile(list, 'utf8').then(JSON.parse, () => []);
  const builds = [written, ...earlier];
  const wanted = new Set(builds.slice(0, kept).flat());
  const old = builds
    .slice(kept)
    .flat()
    .filter((name) => !wanted.has(name));
  await Promise.all(old.map((name) => rm(join(outdir, name), { force: true })));
  await replaceFile(list, JSON.stringify(builds.slice(0, kept)), 0o644);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // esbuild has already said what is wrong and where.
  await buildHoldfast({ only: process.argv.includes('--only') }).catch((/** @type {unknown} */ error) => {
    if (!(error instanceof Error && 'errors' in error)) throw error;
    process.exitCode = 1;
  });
}
