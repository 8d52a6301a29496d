import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * node tools/sum-results.mjs FOLDER: adds up what was run there. FOLDER holds one folder for each command, with the JSON
 * of vitest's reporter and `exit`, its exit status. Ends with the closing line, and fails where anything failed.
 */
const [folder = ''] = process.argv.slice(2);
const total = { passed: 0, failed: 0, skipped: 0 };
for (const name of (await readdir(folder)).sort()) {
  const sum = await sumCommand(join(folder, name));
  console.log(`${name}: ${say(sum)}`);
  total.passed += sum.passed;
  total.failed += sum.failed;
  total.skipped += sum.skipped;
}
console.log(say(total));
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;

/** @param {string} path */
async function sumCommand(path) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const file of (await readdir(path)).filter((name) => name.endsWith('.json'))) {
    const {
      numPassedTests,
      numFailedTests,
      numPendingTests,
      numTodoTests = 0,
      testResults = [],
    } = JSON.parse(await readFile(join(path, file), 'utf8'));
    sum.passed += numPassedTests;
    sum.failed += numFailedTests + testResults.filter(isBrokenFile).length;
    sum.skipped += numPendingTests + numTodoTests;
  }
  const exit = (await readFile(join(path, 'exit'), 'utf8').catch(() => 'none')).trim();
  // A command that failed without naming a test, as one that was killed, is a failure of its own.
  if (exit !== '0' && sum.failed === 0) sum.failed = 1;
  return sum;
}

/**
 * A file that could not be loaded has failed without any test in it.
 * @param {{status: string, assertionResults: readonly {status: string}[]}} file
 */
function isBrokenFile({ status, assertionResults }) {
  return status === 'failed' && assertionResults.every((test) => test.status !== 'failed');
}

/** @param {{passed: number, failed: number, skipped: number}} sum */
function say({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
