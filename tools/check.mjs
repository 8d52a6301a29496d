import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { repository } from './build.mjs';

/**
 * `npm run check`: everything that can be said about the sources in a minute. The longest come first, as many beside
 * each other as there are processors. Prints the output of what failed, and one line for each check.
 * `--without NAME` leaves one out, for .ci/run, where `npm test` runs the units.
 * @typedef {{name: string, command: readonly string[], remedy?: string}} Check
 * @typedef {{check: Check, passed: boolean, seconds: string, output: string}} Outcome
 */

/**
 * What has not changed since the last check is not looked at again. The names are not the ones of the tools themselves,
 * which would take a file of ours for a directory of theirs.
 * @param {string} name
 */
const cached = (name) => [
  '--cache',
  '--cache-strategy',
  'content',
  '--cache-location',
  `node_modules/.cache/check-${name}`,
];

/** @type {readonly Check[]} */
const checks = [
  { name: 'lint', command: ['eslint', '--max-warnings', '0', ...cached('eslint'), '.'] },
  { name: 'units', command: ['vitest', 'run', '--project', 'units'] },
  {
    name: 'types',
    command: ['tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', 'node_modules/.cache/check-types.json'],
  },
  {
    name: 'format',
    command: ['prettier', '--check', '--log-level', 'warn', ...cached('prettier'), '.'],
    remedy: 'npm run format:write',
  },
  { name: 'docs', command: ['node', 'tools/docs.mjs', '--check'] },
];

const outcomes = await runAll(chooseChecks(process.argv.slice(2)), Math.max(2, availableParallelism()));
for (const { check, output } of outcomes.filter((outcome) => !outcome.passed)) {
  console.log(
    `\n--- ${check.name} failed${check.remedy === undefined ? '' : ` (remedy: ${check.remedy})`}\n${output.trimEnd()}`,
  );
}
console.log('');
for (const { check, passed, seconds } of outcomes) {
  console.log(`${passed ? 'ok    ' : 'FAILED'} ${check.name.padEnd(8)} ${seconds.padStart(6)} s`);
}
await writeResult();
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1;

/** @param {readonly string[]} words @returns {readonly Check[]} */
function chooseChecks([flag, left, ...more]) {
  if (flag === undefined) return checks;
  const chosen = checks.filter(({ name }) => name !== left);
  if (flag === '--without' && more.length === 0 && chosen.length < checks.length) return chosen;
  console.error(`Usage: npm run check [-- --without ${checks.map(({ name }) => name).join('|')}]`);
  process.exit(2);
}

/** @param {readonly Check[]} all @param {number} width @returns {Promise<readonly Outcome[]>} */
async function runAll(all, width) {
  const waiting = [...all];
  /** @type {Outcome[]} */
  const done = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) done.push(await run(check));
  };
  await Promise.all(Array.from({ length: width }, worker));
  return all.map((check) => /** @type {Outcome} */ (done.find((outcome) => outcome.check === check)));
}

/** @param {Check} check @returns {Promise<Outcome>} */
function run(check) {
  const startedAt = Date.now();
  const [program = '', ...rest] = check.command;
  const path = program === 'node' ? process.execPath : join(repository, 'node_modules/.bin', program);
  return new Promise((resolve) => {
    const child = spawn(path, rest, { cwd: repository, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    child.stderr.on('data', (chunk) => (output += String(chunk)));
    const finish = (/** @type {boolean} */ passed) => {
      resolve({ check, passed, output, seconds: ((Date.now() - startedAt) / 1000).toFixed(1) });
    };
    child.on('error', (error) => {
      output += `${error.message}\nRemedy: npm ci --ignore-scripts`;
      finish(false);
    });
    child.on('close', (code) => finish(code === 0));
  });
}

/** For .ci/run, which sums up; the units count themselves. */
async function writeResult() {
  const directory = process.env['HOLDFAST_TEST_RESULTS'];
  if (directory === undefined) return;
  const counted = outcomes.filter(({ check }) => check.name !== 'units');
  const passed = counted.filter((outcome) => outcome.passed).length;
  await mkdir(directory, { recursive: true });
  await writeFile(
    join(directory, 'check.json'),
    JSON.stringify({ numPassedTests: passed, numFailedTests: counted.length - passed, numPendingTests: 0 }),
  );
}
