import { appendFile, link, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dropSetAside, listSetAside, setAside } from './set-aside.ts';

let root = '';
let db = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-aside-'));
  db = join(root, 'volumes/prometheus/prometheus-db');
  await mkdir(join(db, 'wal/checkpoint.00000001'), { recursive: true });
  await mkdir(join(db, 'chunks_head'));
  await mkdir(join(db, '01HZXV4K8Q6M3T5N7P9R1S2W4Y'));
  for (const path of [
    'wal/00000002',
    'wal/00000010',
    'wal/00000009',
    'wal/checkpoint.00000001/00000000',
    'chunks_head/000001',
  ]) {
    await writeFile(join(db, path), `content of ${path}`);
  }
});
afterEach(() => rm(root, { recursive: true }));

const inode = async (path: string) => (await stat(path)).ino;

test('links the WAL and the head chunks, and copies what may still grow', async () => {
  const made = await setAside(root, 'prometheus', 1_000);
  expect(made).toMatchObject({ path: 'set-aside/prometheus/19700101T000001.000Z', files: 5 });
  const aside = join(root, made?.path ?? '');
  expect((await readdir(aside)).sort()).toEqual(['chunks_head', 'manifest.json', 'wal']);
  expect(await inode(join(aside, 'wal/00000009'))).toBe(await inode(join(db, 'wal/00000009')));
  expect(await inode(join(aside, 'wal/00000010'))).not.toBe(await inode(join(db, 'wal/00000010')));
  // The repair removes segments and Prometheus appends to the last one: neither reaches what was set aside.
  await rm(join(db, 'wal/00000009'));
  await appendFile(join(db, 'wal/00000010'), ' and more');
  expect(await readFile(join(aside, 'wal/00000009'), 'utf8')).toBe('content of wal/00000009');
  expect(await readFile(join(aside, 'wal/00000010'), 'utf8')).toBe('content of wal/00000010');
});

test('keeps the first and the last two, and none twice', async () => {
  const paths: string[] = [];
  for (let round = 1; round <= 5; round += 1) {
    await appendFile(join(db, 'wal/00000010'), '.');
    paths.push((await setAside(root, 'prometheus', round * 1_000))?.path ?? '');
    expect(await setAside(root, 'prometheus', round * 1_000 + 1)).toBeUndefined();
  }
  expect(await listSetAside(root, 'prometheus')).toEqual([paths[0], paths[3], paths[4]]);
});

test('goes on where an earlier one was interrupted, and where the clock was set back', async () => {
  await mkdir(join(root, 'set-aside/prometheus/19700101T000001.000Z.tmp-for-creation/wal'), { recursive: true });
  const first = await setAside(root, 'prometheus', 10_000);
  await appendFile(join(db, 'wal/00000010'), '.');
  const second = await setAside(root, 'prometheus', 5_000);
  expect(await listSetAside(root, 'prometheus')).toEqual([first?.path, second?.path]);
  expect(await readdir(join(root, 'set-aside/prometheus'))).toHaveLength(2);
});

test('nothing to set aside makes nothing, and a good proof drops what was set aside before it', async () => {
  expect(await setAside(root, 'pushgateway', 1)).toBeUndefined();
  await setAside(root, 'prometheus', 1_000);
  await appendFile(join(db, 'wal/00000010'), '.');
  const later = await setAside(root, 'prometheus', 3_000);
  await dropSetAside(root, 'prometheus', 2_000);
  expect(await listSetAside(root, 'prometheus')).toEqual([later?.path]);
  await dropSetAside(root, 'pushgateway', 9_000);
  await dropSetAside(root, 'prometheus', 3_000);
  expect(await listSetAside(root, 'prometheus')).toEqual([]);
});

test("Pushgateway's file is copied, so that an overwriting in place does not reach it", async () => {
  const volume = join(root, 'volumes/pushgateway');
  await mkdir(volume);
  await writeFile(join(volume, 'pushgateway.data'), 'metrics');
  await link(join(volume, 'pushgateway.data'), join(volume, 'second-name'));
  const made = await setAside(root, 'pushgateway', 1);
  await writeFile(join(volume, 'pushgateway.data'), 'x');
  expect(await readFile(join(root, made?.path ?? '', 'pushgateway.data'), 'utf8')).toBe('metrics');
});

test('a symlink in the place of the WAL is not followed', async () => {
  await rm(join(db, 'wal'), { recursive: true });
  await symlink('/etc', join(db, 'wal'));
  expect((await setAside(root, 'prometheus', 1))?.files).toBe(1);
});
