import { execFile } from 'node:child_process';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Writes the types of the library that others import as `holdfast/tsdb` into `outdir`/types, as tsc makes them of its sources.
 * @param {{repository: string, outdir: string}} where
 * @returns {Promise<void>}
 */
export async function buildTypes({ repository, outdir }) {
  const types = join(outdir, 'types');
  await rm(types, { recursive: true, force: true });
  const words = [
    ...[
      '--ignoreConfig',
      '--declaration',
      '--emitDeclarationOnly',
      '--outDir',
      types,
      '--rootDir',
      join(repository, 'src'),
    ],
    ...['--target', 'es2023', '--module', 'preserve', '--moduleResolution', 'bundler', '--allowImportingTsExtensions'],
    ...['--strict', '--skipLibCheck', '--types', 'node', join(repository, 'src/tsdb/tsdb.ts')],
  ];
  await run(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), ...words], { cwd: repository });
  for (const entry of await readdir(types, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await nameAsBuilt(join(entry.parentPath, entry.name));
  }
}

/** Sources import each other as .ts, which only a checkout may; a declaration says .js, beside which it is looked for. @param {string} path */
async function nameAsBuilt(path) {
  const text = await readFile(path, 'utf8');
  await writeFile(path, text.replaceAll(/((?:from |import\()['"]\.[^'"]*)\.ts(['"])/g, '$1.js$2'));
}
