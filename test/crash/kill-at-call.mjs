/**
 * Loaded into a command before its first line, in every thread of it: counts the calls that change the disk, and ends the
 * process with SIGKILL in the place of one of them; of a write, half is written first. HOLDFAST_KILL_LOG is the file that
 * the calls are counted in, a line each; HOLDFAST_KILL_AT the number of the one that is fatal, from 1; none is without it.
 * With HOLDFAST_KILL_SIGNAL=SIGSTOP it is paused before that call instead.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';

/** @typedef {Record<string, (this: unknown, ...words: unknown[]) => unknown>} Methods */

const { openSync, fstatSync, readFileSync, writeSync } = fs;
const log = process.env['HOLDFAST_KILL_LOG'] ?? '';
const fatal = Number(process.env['HOLDFAST_KILL_AT'] ?? Infinity);
const signal = process.env['HOLDFAST_KILL_SIGNAL'] ?? 'SIGKILL';
const logDescriptor = openSync(log, 'a+');

for (const name of ['rename', 'link', 'mkdir', 'rm', 'unlink', 'copyFile', 'chmod', 'chown']) {
  guard(fs.promises, name);
  guard(fs, `${name}Sync`);
}
for (const name of ['fsyncSync', 'ftruncateSync']) guard(fs, name);
guardWriteSync();
await guardHandles();
syncBuiltinESMExports();

/**
 * True where this call is the fatal one.
 * @param {string} name
 * @param {unknown} [subject]
 */
function isFatal(name, subject) {
  writeSync(logDescriptor, `${name} ${typeof subject === 'string' ? basename(subject) : ''}\n`);
  if (fatal === Infinity || fstatSync(logDescriptor).size < fatal) return false;
  return readFileSync(log, 'utf8').split('\n').length - 1 === fatal;
}

function die() {
  process.kill(process.pid, signal);
  if (signal === 'SIGSTOP') return;
  // It may take a moment, in which nothing more must happen.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

/**
 * @param {object} object
 * @param {string} name
 */
function guard(object, name) {
  wrap(object, name, (_, words) => {
    if (isFatal(name, words[1] ?? words[0])) die();
  });
}

/**
 * Calls `first` before the method of that name.
 * @param {object} object
 * @param {string} name
 * @param {(self: unknown, words: readonly unknown[]) => void} first
 */
function wrap(object, name, first) {
  const methods = /** @type {Methods} */ (object);
  const real = methods[name];
  if (real === undefined) throw new Error(`There is no ${name}.`);
  methods[name] = function (...words) {
    first(this, words);
    return real.apply(this, words);
  };
}

function guardWriteSync() {
  wrap(fs, 'writeSync', (_, [descriptor, bytes, offset = 0, length = 0, position = null]) => {
    // What is said on the standard streams changes no disk.
    if (Number(descriptor) <= 2 || !isFatal('writeSync')) return;
    if (signal === 'SIGSTOP') {
      die();
      return;
    }
    const half = Number(length) >> 1;
    writeSync(
      Number(descriptor),
      /** @type {Uint8Array} */ (bytes),
      Number(offset),
      half,
      /** @type {number} */ (position),
    );
    die();
  });
}

async function guardHandles() {
  const handle = await fs.promises.open(log);
  const prototype = /** @type {object} */ (Object.getPrototypeOf(handle));
  await handle.close();
  for (const name of ['sync', 'datasync', 'truncate']) guard(prototype, name);
  for (const name of ['writeFile', 'appendFile']) {
    wrap(prototype, name, (self, [bytes]) => {
      if (!isFatal(`handle.${name}`)) return;
      if (signal === 'SIGSTOP') {
        die();
        return;
      }
      const all = Buffer.from(/** @type {string} */ (bytes));
      writeSync(/** @type {import('node:fs/promises').FileHandle} */ (self).fd, all.subarray(0, all.length >> 1));
      die();
    });
  }
}
