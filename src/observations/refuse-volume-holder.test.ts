import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import { releaseVolumeLock, writeVolumeLock, type VolumeLock } from '../data-root/volume-lock-file.ts';
import { HoldfastError } from '../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { refuseVolumeHolder } from './refuse-volume-holder.ts';

const processes = createProcesses();
const self = processes.self();
const dead = { ...self, startTicks: self.startTicks + 1 };
const elsewhere = { ...self, host: 'elsewhere' };
const isAlive = (identity: ProcessIdentity) => processes.isAlive(identity);
let volume = '';

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'holdfast-holder-'));
});
afterEach(async () => rm(volume, { recursive: true }));

async function judge(held: Pick<VolumeLock, 'daemon' | 'component'>, breakForeign = false): Promise<string> {
  const dataRoot = { path: '/here', device: 1, inode: 2 };
  await writeVolumeLock(volume, { format: 1, volumeId: 'v', token: 't', dataRoot, takenAtMs: 0, ...held });
  const options = { isAlive, breakForeign, remedy: 'Wait.' };
  return refuseVolumeHolder(join(volume, 'prometheus-db'), options).then(
    () => 'free',
    (error: unknown) => (error instanceof HoldfastError ? `${error.code}: ${error.message}` : String(error)),
  );
}

test('a volume is held by what was started there and by a daemon that is about to start something', async () => {
  expect(await judge({ daemon: self, component: null })).toContain(
    `the daemon (pid ${self.pid}) is starting Prometheus`,
  );
  expect(await judge({ daemon: dead, component: self })).toContain(
    `volume-locked: ${volume} is in use: process ${self.pid}`,
  );
  expect(await judge({ daemon: dead, component: null })).toBe('free');
  // Prometheus has died, and the daemon waits a while before it starts it again: it will see whoever came first.
  expect(await judge({ daemon: self, component: dead })).toBe('free');
  await releaseVolumeLock(volume);
  await refuseVolumeHolder(volume, { isAlive, breakForeign: false, remedy: 'Wait.' });
});

test('what another host holds is let go on demand alone', async () => {
  expect(await judge({ daemon: elsewhere, component: elsewhere })).toContain('left in use by another host (elsewhere)');
  expect(await judge({ daemon: elsewhere, component: elsewhere }, true)).toBe('free');
});
