import { appendFile, mkdtemp, open, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLogTail } from './log-tail.ts';
import { rotateLog } from './rotate-log.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-logs-'));
});
afterEach(() => rm(directory, { recursive: true }));

const limits = { maxBytes: 10, keep: 2 };

test('a writer that appends goes on in the emptied file, and only so many old ones are kept', async () => {
  const path = join(directory, 'a.log');
  const writer = await open(path, 'a', 0o600);
  for (const text of ['first first\n', 'second second\n', 'third third\n']) {
    await writer.write(text);
    expect(await rotateLog(path, limits)).toBe(true);
  }
  await writer.write('last\n');
  await writer.close();
  expect((await readdir(directory)).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  expect(await readFile(path, 'utf8')).toBe('last\n');
  expect(await readFile(`${path}.1`, 'utf8')).toBe('third third\n');
  expect(await readFile(`${path}.2`, 'utf8')).toBe('second second\n');
  expect((await stat(`${path}.1`)).mode & 0o777).toBe(0o600);
});

test('a small log and a missing one stay as they are', async () => {
  await writeFile(join(directory, 'a.log'), 'short\n');
  expect(await rotateLog(join(directory, 'a.log'), limits)).toBe(false);
  expect(await rotateLog(join(directory, 'none.log'), limits)).toBe(false);
});

test('the tail begins where the instance began, at a whole line, and survives a rotation', async () => {
  const path = join(directory, 'a.log');
  await writeFile(path, 'old\n');
  await appendFile(path, 'one\ntwo\n\nthree\n');
  expect(await readLogTail(path, { fromOffset: 4, maxBytes: 1000 })).toEqual(['one', 'two', 'three']);
  expect(await readLogTail(path, { fromOffset: 4, maxBytes: 8 })).toEqual(['three']);
  expect(await readLogTail(path, { fromOffset: 4000, maxBytes: 1000 })).toEqual(['old', 'one', 'two', 'three']);
  expect(await readLogTail(join(directory, 'none'), { fromOffset: 0, maxBytes: 1000 })).toEqual([]);
});
