import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { paths } from '../model/paths.ts';
import { putBackPushgatewayFile } from './put-back-pushgateway-file.ts';
import { setAside } from './set-aside.ts';

let root = '';
let file = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-put-back-'));
  await mkdir(join(root, paths.volume('pushgateway')), { recursive: true });
  file = join(root, paths.volume('pushgateway'), 'pushgateway.data');
  await writeFile(file, 'what was pushed');
  await setAside(root, 'pushgateway', 1);
});
afterEach(async () => rm(root, { recursive: true }));

const read = (path: string) => readFile(path, 'utf8').catch((error: unknown) => (error as NodeJS.ErrnoException).code);

test('a file that is as it was set aside is left alone', async () => {
  expect(await putBackPushgatewayFile(root)).toBe(false);
  expect([await read(file), await read(`${file}.overwritten`)]).toEqual(['what was pushed', 'ENOENT']);
});

test('one that was overwritten comes back, and what overwrote it stays beside it', async () => {
  await writeFile(file, 'nothing');
  expect(await putBackPushgatewayFile(root)).toBe(true);
  expect([await read(file), await read(`${file}.overwritten`)]).toEqual(['what was pushed', 'nothing']);
});

test('one that is gone comes back', async () => {
  await rm(file);
  expect(await putBackPushgatewayFile(root)).toBe(true);
  expect([await read(file), await read(`${file}.overwritten`)]).toEqual(['what was pushed', 'ENOENT']);
});

// Each is what a crash may leave: after the copy of what overwrote it, in the middle of writing, and after the rename.
test.each([
  ['the copy was made', { '': 'nothing', '.overwritten': 'nothing' }],
  ['the new file was half written', { '': 'nothing', '.overwritten': 'nothing', '.tmp-for-creation': 'what was p' }],
  ['all but the return was done', { '': 'what was pushed', '.overwritten': 'nothing' }],
])('after a crash when %s, a second try ends in the same state', async (_, files) => {
  for (const [suffix, text] of Object.entries(files)) await writeFile(`${file}${suffix}`, text);
  await putBackPushgatewayFile(root);
  expect([await read(file), await read(`${file}.overwritten`)]).toEqual(['what was pushed', 'nothing']);
  expect(await read(`${file}.tmp-for-creation`)).toBe('ENOENT');
});

test('where nothing was set aside there is nothing to put back', async () => {
  await rm(join(root, paths.setAsideOf('pushgateway')), { recursive: true });
  await writeFile(file, 'nothing');
  expect(await putBackPushgatewayFile(root)).toBe(false);
  expect(await read(file)).toBe('nothing');
});
