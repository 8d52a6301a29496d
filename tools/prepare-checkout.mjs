import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const dist = join(repository, 'dist');
const stamp = join(dist, '.built');
const npmDeadlineMs = 15 * 60_000;

/** Said to the user as message and remedy, without a stack. */
class Unprepared extends Error {
  /** @param {string} message @param {string} remedy */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Brings a checkout to the state in which dist/ is built from these sources: installs and builds what is missing or old.
 * The stamp is written last and bears the digest of the sources, so that nothing half-made looks finished.
 */
export async function prepareCheckout() {
  const digest = await digestSources();
  const built = await readFile(stamp, 'utf8').catch(() => '');
  if (!(await isWritable())) {
    runAsItIs(built, digest);
    return;
  }
  const startedAt = await markStart();
  if (built !== digest || !(await exists(join(dist, 'main.js')))) {
    await rm(stamp, { force: true });
    await install();
    say('building');
    const { buildHoldfast } = await import('./build.mjs');
    await buildHoldfast();
  }
  await writeStamp(digest, startedAt);
}

/** Installs exactly what package-lock.json names, unless it is there. */
async function install() {
  if (await isInstalled()) return;
  say('installing the build tools (npm ci); this is done once and takes about half a minute');
  const cache = await findNpmCache();
  // --include=dev: everything is a development dependency, which NODE_ENV=production would leave out.
  const options = ['ci', '--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', ...cache.options];
  try {
    await runNpm(options);
  } finally {
    await cache.remove();
  }
}

/** npm's own list of what it has installed, which it writes last, against package-lock.json. */
async function isInstalled() {
  const installed = await readPackages(join(repository, 'node_modules/.package-lock.json'));
  const wanted = await readPackages(join(repository, 'package-lock.json'));
  if (wanted === undefined)
    throw new Unprepared(`${repository} holds no package-lock.json.`, 'Clone the repository again.');
  return Object.entries(wanted).every(
    ([path, { version, optional }]) => path === '' || optional === true || installed?.[path]?.version === version,
  );
}

/** @param {string} file @returns {Promise<Record<string, {version?: string, optional?: boolean}> | undefined>} */
async function readPackages(file) {
  return readFile(file, 'utf8').then(
    (text) => JSON.parse(text).packages,
    () => undefined,
  );
}

/** Without a home directory that can be written, npm's cache gets a place of its own. */
async function findNpmCache() {
  const home = process.env['HOME'] ?? '';
  if (process.env['npm_config_cache'] !== undefined || (home !== '' && (await canWrite(home)))) {
    return { options: [], remove: async () => {} };
  }
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-npm-'));
  return { options: ['--cache', directory], remove: () => rm(directory, { recursive: true, force: true }) };
}

/** @param {readonly string[]} options @returns {Promise<void>} */
function runNpm(options) {
  return new Promise((resolve, reject) => {
    const child = spawn('npm', options, { cwd: repository, stdio: npmStdio(), timeout: npmDeadlineMs });
    let output = '';
    const keep = (/** @type {Buffer} */ chunk) => void (output = (output + chunk.toString()).slice(-16_384));
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    child.on('error', () =>
      reject(
        new Unprepared(
          'npm cannot be run.',
          'Install npm beside Node.js, or use the release archive, which needs neither.',
        ),
      ),
    );
    child.on('close', (code) => {
      if (code === 0) {
        resolve();
        return;
      }
      process.stderr.write(output.trimEnd().split('\n').slice(-20).join('\n') + '\n');
      reject(
        new Unprepared(
          `npm ci failed in ${repository}: its last lines are above.`,
          'Call the same command again once npm can reach its registry, or use the release archive, which needs no npm.',
        ),
      );
    });
  });
}

/**
 * npm keeps the lock of prepare-checkout.sh open at the same number: were this process killed alone, npm would go on, and
 * a second one beside it would spoil node_modules.
 * @returns {import('node:child_process').StdioOptions}
 */
function npmStdio() {
  /** @type {('ignore' | 'pipe' | number)[]} */
  const stdio = ['ignore', 'pipe', 'pipe'];
  const lock = Number(process.argv[2] ?? '');
  if (lock === 0) return stdio;
  while (stdio.length < lock) stdio.push('ignore');
  return [...stdio, lock];
}

/** SHA-256 over the names and bytes of everything that a build depends on. */
async function digestSources() {
  const names = (await readdir(join(repository, 'src'), { recursive: true }))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !name.includes('testdata/'))
    .map((name) => `src/${name}`);
  const hash = createHash('sha256');
  for (const name of [...names, 'tools/build.mjs', 'package.json', 'package-lock.json'].sort()) {
    const content = await readFile(join(repository, name));
    hash.update(`${name}\0${content.length}\0`).update(content);
  }
  return `${hash.digest('hex')}\n`;
}

/** @param {string} built @param {string} digest */
function runAsItIs(built, digest) {
  if (built === digest) return;
  const remedy = `Run ./holdfast --version there once as a user who may write it.`;
  if (built === '') throw new Unprepared(`${repository} is not built and cannot be written by this user.`, remedy);
  say(`warning: ${repository} has newer sources and cannot be written: its last build is run. ${remedy}`);
}

async function isWritable() {
  return (await canWrite(repository)) && (!(await exists(dist)) || (await canWrite(dist)));
}

/** The file system's own clock: what is changed after this moment is newer than the stamp. */
async function markStart() {
  await mkdir(dist, { recursive: true });
  const file = join(dist, '.started');
  await writeFile(file, '');
  const { mtime } = await stat(file);
  await rm(file);
  return mtime;
}

/** @param {string} digest @param {Date} startedAt */
async function writeStamp(digest, startedAt) {
  const temporary = `${stamp}.tmp`;
  await writeFile(temporary, digest);
  await utimes(temporary, startedAt, startedAt);
  await rename(temporary, stamp);
}

/** @param {string} path */
function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** @param {string} path */
function canWrite(path) {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  );
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`holdfast: ${line}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await prepareCheckout().catch((/** @type {unknown} */ error) => {
    process.exitCode = 1;
    if (error instanceof Unprepared) process.stderr.write(`holdfast: ${error.message}\n  Remedy: ${error.remedy}\n`);
    else if (!(error instanceof Error)) say(String(error));
    else if ('errors' in error)
      say('the build failed; what esbuild said is above. The last build, if there was one, is whole.');
    else say('code' in error ? `preparing this checkout failed: ${error.message}` : String(error.stack));
  });
}
