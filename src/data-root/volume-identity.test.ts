import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ListedVolume } from '../model/volume.ts';
import { readVolumeCondition, writeVolumeIdentity } from './volume-identity.ts';

const volume: ListedVolume = {
  component: 'prometheus',
  id: 'v1',
  path: 'volumes/prometheus',
  state: 'present',
  createdAtMs: 1,
};
let root = '';
let db = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'holdfast-volume-'));
  db = join(root, volume.path, 'prometheus-db');
  await mkdir(db, { recursive: true });
  const identity = { format: 1, stackId: 's', stack: 'monitoring', volumeId: 'v1', createdAtMs: 1 } as const;
  await writeVolumeIdentity(join(root, volume.path), { ...identity, component: 'prometheus' });
});
afterEach(() => rm(root, { recursive: true }));

const stateOf = async (changes: Partial<ListedVolume> = {}) =>
  (await readVolumeCondition(root, { ...volume, ...changes }, 's')).state;

async function remember(newestSampleMs: number | null): Promise<void> {
  const seen = { format: 1, observedAtMs: 1, holdfastVersion: '0', stackId: 's', ok: true, daemon: null };
  const observation = { ...seen, components: [], volumes: [], findings: [], newestSampleMs };
  await writeFile(join(root, 'last-observation.json'), JSON.stringify(observation));
}

test('a data directory in which nothing was ever written is as good as new', async () => {
  expect(await stateOf()).toBe('ok');
  await remember(null);
  expect(await stateOf()).toBe('ok');
});

test('one that is hollow although there were samples is empty: a mount below it is missing', async () => {
  await remember(1_000);
  expect(await stateOf()).toBe('empty');
  await mkdir(join(db, 'wal'));
  expect(await stateOf()).toBe('ok');
});

test('what was adopted cannot be hollow', async () => {
  expect(await stateOf({ adoptedFrom: '/srv/old' })).toBe('empty');
  await mkdir(join(db, '01HZXV4K8Q6M3T5N7P9R1S2W4Y'));
  expect(await stateOf({ adoptedFrom: '/srv/old' })).toBe('ok');
});

test('of another id or stack it is foreign', async () => {
  expect(await stateOf({ id: 'v2' })).toBe('foreign');
  expect((await readVolumeCondition(root, volume, 'other')).state).toBe('foreign');
});
