import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, rename, rm, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { testCache } from './test-cache.mjs';

const run = promisify(execFile);

/** What tests run by themselves, by the names that Debian gives them, with the upstream names that PATH may hold. */
const programs = [
  { name: 'prometheus', also: [] },
  { name: 'promtool', also: [] },
  { name: 'prometheus-alertmanager', also: ['alertmanager'] },
  { name: 'amtool', also: [] },
  { name: 'prometheus-pushgateway', also: ['pushgateway'] },
  { name: 'prometheus-node-exporter', also: ['node_exporter'] },
];
const packages = ['prometheus', 'prometheus-alertmanager', 'prometheus-pushgateway', 'prometheus-node-exporter'];

/**
 * Real programs for tests, as an ordinary user: a directory that was given (HOLDFAST_TEST_PROGRAMS), the cache, PATH, or
 * Debian packages that are unpacked and not installed. Returns their directory, or why there is none.
 * @param {{log?: (line: string) => void}} [options]
 * @returns {Promise<{directory: string, reason: null} | {directory: null, reason: string}>}
 */
export async function fetchTestPrograms({ log = () => undefined } = {}) {
  const given = process.env['HOLDFAST_TEST_PROGRAMS'];
  if (given !== undefined && given !== '') return { directory: given, reason: null };
  const home = join(testCache(), 'programs');
  const directory = join(home, 'usr', 'bin');
  if (await isExecutable(join(directory, 'promtool'))) return { directory, reason: null };
  await mkdir(testCache(), { recursive: true });
  const half = await mkdtemp(`${home}.tmp-for-creation-`);
  try {
    const fromPath = await linkFromPath(half);
    if (!fromPath) {
      log('fetching Prometheus and its companions for the tests (Debian packages, unpacked and not installed)');
      await unpackDebianPackages(half);
    }
    await rename(half, home).catch(async (/** @type {unknown} */ error) => {
      // Another run may have been quicker.
      if (!(await isExecutable(join(directory, 'promtool')))) throw error;
    });
    return { directory, reason: null };
  } catch (error) {
    const [line = ''] = String(error instanceof Error ? error.message : error).split('\n');
    return {
      directory: null,
      reason: `real Prometheus programs are neither on PATH nor to be had by apt-get: ${line}`,
    };
  } finally {
    await rm(half, { recursive: true, force: true });
  }
}

/** @param {string} half */
async function linkFromPath(half) {
  const found = await Promise.all(programs.map(({ name, also }) => findOnPath([name, ...also])));
  if (found.includes(undefined)) return false;
  const bin = join(half, 'usr', 'bin');
  await mkdir(bin, { recursive: true });
  await Promise.all(programs.map(({ name }, index) => symlink(found[index] ?? '', join(bin, name))));
  return true;
}

/** @param {string} half */
async function unpackDebianPackages(half) {
  const apt = await mkdtemp(join(testCache(), 'apt.tmp-for-creation-'));
  try {
    for (const part of ['lists/partial', 'cache/archives/partial', 'debs']) {
      await mkdir(join(apt, part), { recursive: true });
    }
    const settings = {
      'Dir::State::Lists': join(apt, 'lists'),
      'Dir::Cache': join(apt, 'cache'),
      // root's apt would hand the download to a user who cannot look into this directory.
      'APT::Sandbox::User': 'root',
      'Acquire::Languages': 'none',
      'Acquire::Retries': '2',
      'Acquire::http::Timeout': '20',
      'Acquire::https::Timeout': '20',
    };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
    const cwd = join(apt, 'debs');
    await run('apt-get', [...options, '-q', 'update'], { cwd, timeout: 300_000, maxBuffer: 2 ** 24 });
    await run('apt-get', [...options, '-q', 'download', ...packages], { cwd, timeout: 300_000, maxBuffer: 2 ** 24 });
    for (const file of await readdir(cwd)) await run('dpkg', ['-x', join(cwd, file), half], { timeout: 60_000 });
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
}

/** @param {readonly string[]} names */
async function findOnPath(names) {
  const directories = (process.env['PATH'] ?? '').split(delimiter).filter((directory) => directory !== '');
  for (const path of names.flatMap((name) => directories.map((directory) => join(directory, name)))) {
    if (await isExecutable(path)) return path;
  }
  return undefined;
}

/** @param {string} path */
async function isExecutable(path) {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
