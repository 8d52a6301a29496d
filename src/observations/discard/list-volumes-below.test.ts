/** What lies in a directory that is to be discarded is found however deep it is, and each volume once. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listVolumesBelow } from './list-volumes-below.ts';
import { scanTree } from './scan-tree.ts';

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-below-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const block = '01HF2Q7B1Z3V9Q0W8YJ5K6M7N8';

test('volumes at any depth, with their snapshots as a part of them', async () => {
  await put(
    'a/prometheus-db/wal/00000000',
    `a/prometheus-db/${block}/meta.json`,
    `a/prometheus-db/snapshots/20251101T000000Z-0000/${block}/meta.json`,
    '1/2/3/4/5/6/7/8/9/10/silences',
    'notes/readme.txt',
  );
  expect(list()).toEqual(['1/2/3/4/5/6/7/8/9/10 alertmanager', 'a prometheus']);
});

test('what the directory is itself is none of them, but for what lies deeper', async () => {
  await put('prometheus-db/wal/00000000', 'prometheus-db/snapshots/20251101T000000Z-0000/wal/00000000');
  const own = join(directory, 'prometheus-db');
  expect(list(own)).toEqual([]);
  await put('old/wal/00000000');
  expect(list(own)).toEqual(['old prometheus']);
});

test('what a repair has moved aside is told apart, and a name alone makes no quarantine', async () => {
  await put('quarantine/pvc-1/wal/00000000');
  const run = 'db-quarantine/r1';
  await put(`${run}/manifest.json`, `${run}/before.json`, `${run}/wal/00000003`);
  expect(list()).toEqual([`${run} prometheus aside`, 'quarantine/pvc-1 prometheus']);
});

function list(own?: string): readonly string[] {
  return listVolumesBelow(directory, scanTree(directory), own).map(
    ({ path, kind, isQuarantine }) => `${relative(directory, path)} ${kind}${isQuarantine ? ' aside' : ''}`,
  );
}

async function put(...files: readonly string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(directory, file)), { recursive: true });
    await writeFile(join(directory, file), 'x');
  }
}
