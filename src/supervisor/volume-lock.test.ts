import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import { hasCode } from '../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../model/process-identity.ts';
import { releaseVolumeLock, writeVolumeLock } from '../data-root/volume-lock-file.ts';
import { judgeVolumeLock } from './volume-lock.ts';

const processes = createProcesses({ pollMs: 20 });
const self = processes.self();
const dead = { ...self, startTicks: self.startTicks + 1 };
const place = { path: '/here', device: 1, inode: 2 };
let volume = '';
let other: ProcessIdentity;

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), 'holdfast-volume-'));
  const command = { path: '/bin/sleep', arguments: ['60'], environment: {}, workingDirectory: '/' };
  other = await processes.spawn({ ...command, logFile: join(volume, 'log') });
});
afterEach(async () => {
  await processes.kill(other);
  await rm(volume, { recursive: true });
});

async function judge(daemon: ProcessIdentity, component: ProcessIdentity | null, dataRoot = place) {
  await writeVolumeLock(volume, { format: 1, volumeId: 'v', token: 't', daemon, component, dataRoot, takenAtMs: 0 });
  return judgeVolumeLock(volume, { processes, place }).catch((error: unknown) => error);
}

test('a volume without a lock was left in order', async () => {
  expect(await judgeVolumeLock(volume, { processes, place })).toEqual({ unclean: false });
  await judge(dead, dead);
  await releaseVolumeLock(volume);
  expect(await judgeVolumeLock(volume, { processes, place })).toEqual({ unclean: false });
});

test('a lock of the dead is no hindrance, but says that the stop was unclean', async () => {
  expect(await judge(dead, dead)).toEqual({ unclean: true });
  expect(await judge(dead, null)).toEqual({ unclean: true });
  expect(await judge(self, dead)).toEqual({ unclean: true });
  expect(await judge({ ...self, bootId: 'before the reboot' }, { ...other, bootId: 'before the reboot' })).toEqual({
    unclean: true,
  });
});

test('a living process or daemon keeps it, also while it is paused', async () => {
  process.kill(other.pid, 'SIGSTOP');
  expect(hasCode(await judge(dead, other), 'volume-locked')).toBe(true);
  expect(hasCode(await judge(other, dead), 'volume-locked')).toBe(true);
});

test('a copy of a volume in use is told apart by the place of its data root', async () => {
  const error = await judge(dead, other, { ...place, inode: 3, path: '/original' });
  expect(hasCode(error, 'copied-while-running') && error.message).toContain('/original');
});

test('a lock of another host never expires', async () => {
  expect(hasCode(await judge({ ...dead, host: 'other' }, null), 'volume-locked')).toBe(true);
});
