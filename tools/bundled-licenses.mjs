import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * The licenses of the packages whose code a build holds, which ask to be passed on with every copy.
 * @param {string} repository
 * @param {readonly string[]} inputs the files of a build, relative to the repository, as esbuild names them
 * @returns {Promise<string>}
 */
export async function renderLicenses(repository, inputs) {
  const folders = [...new Set(inputs.flatMap(packageOf))].sort();
  const parts = await Promise.all(folders.map((folder) => renderPackage(join(repository, folder))));
  return `${['Holdfast holds code of these packages, each under its own license.', ...parts].join(`\n\n${'-'.repeat(72)}\n`)}\n`;
}

/** `node_modules/@scope/name`, the innermost where they lie in one another. @param {string} input */
function packageOf(input) {
  const folder = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0];
  return folder === undefined ? [] : [folder];
}

/** @param {string} folder */
async function renderPackage(folder) {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const file = (await readdir(folder)).sort().find((entry) => /^licen[cs]e/i.test(entry));
  const text = file === undefined ? `License: ${license}` : await readFile(join(folder, file), 'utf8');
  return `${name} ${version}\n\n${text.replaceAll('\r\n', '\n').trim()}`;
}
