import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import * as z from 'zod';
import type { HoldfastError } from '../errors/holdfast-error.ts';
import { findJsonFile, readJsonFile } from './read-json-file.ts';

const schema = z.object({ format: z.literal(1), name: z.string() });
let directory = '';
let path = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-json-'));
  path = join(directory, 'x.json');
});
afterEach(() => rm(directory, { recursive: true }));

const failure = (reading: Promise<unknown>) =>
  reading.then(
    () => expect.unreachable('it was read'),
    (error: unknown) => error as HoldfastError,
  );

test('gives the value, and undefined where there is no file', async () => {
  expect(await findJsonFile(path, schema)).toBeUndefined();
  await writeFile(path, '{"format":1,"name":"a"}');
  expect(await findJsonFile(path, schema)).toEqual({ format: 1, name: 'a' });
});

test.each([
  ['', 'empty'],
  ['{"format":1,"na', 'cut short'],
  ['{"format":1,"name":7}', 'name: '],
  ['[]', 'expected object'],
])('%s is a corrupt file, which is named', async (text, reason) => {
  await writeFile(path, text);
  const error = await failure(findJsonFile(path, schema));
  expect(error).toMatchObject({ code: 'corrupt-file', exitStatus: 12 });
  expect(error.message).toContain(path);
  expect(error.message).toContain(reason);
});

test('a secret in a broken file is not repeated', async () => {
  await writeFile(path, 'hunter2');
  expect((await failure(findJsonFile(path, schema))).message).not.toContain('hunter2');
});

test('a later format is the work of a newer Holdfast, whatever else changed', async () => {
  await writeFile(path, '{"format":2,"title":"a"}');
  expect(await failure(findJsonFile(path, schema))).toMatchObject({ code: 'newer-format', exitStatus: 10 });
});

test('a file that is too long is not read', async () => {
  await writeFile(path, `{"format":1,"name":"${'a'.repeat(1000)}"}`);
  expect((await failure(findJsonFile(path, schema, { maxBytes: 100 }))).code).toBe('corrupt-file');
});

test('a missing file that must be there is a corrupt one', async () => {
  expect((await failure(readJsonFile(path, schema))).message).toContain('it is missing');
});

test('a named pipe or a directory in its place does not stop us', async () => {
  execFileSync('mkfifo', [path]);
  expect((await failure(findJsonFile(path, schema))).message).toContain('not a regular file');
  expect((await failure(findJsonFile(directory, schema))).code).toBe('corrupt-file');
});
