/**
 * Prometheus dies while `repair` has its volume for itself: the daemon does not start it again until the repair has ended,
 * and does so by itself then.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProcesses } from '../../src/adapters/processes/linux-processes.ts';
import { takeLock } from '../../src/files/lock.ts';
import { paths } from '../../src/model/paths.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { readPids } from './stack-pids.ts';

describeStack('a volume that is being repaired', () => {
  let holdfast: Holdfast;
  beforeAll(async () => {
    holdfast = await openHoldfast();
  });
  afterAll(async () => holdfast.cleanUp());

  test('is not given to a Prometheus, and is once that has ended', async () => {
    await holdfast.succeed(['up']);
    const processes = createProcesses();
    const take = async (path: string, run: string) =>
      takeLock(path, {
        holder: { ...processes.self(), verb: 'repair', run },
        isAlive: (identity) => processes.isAlive(identity),
      });
    const lock = await take(holdfast.path(paths.lock), 'the-run-of-the-repair');
    const { prometheus = 0 } = await readPids(holdfast);
    process.kill(prometheus, 'SIGKILL');
    await waitFor('the start is refused', async () => (await holdfast.component('prometheus')).state === 'refused');
    const { reason } = await holdfast.component('prometheus');
    expect(reason).toContain(`is being repaired by process ${process.pid} (run the-run-of-the-repair)`);
    // Of one that was given the directory.
    const quarantine = holdfast.path('volumes', 'prometheus', 'prometheus-db-quarantine');
    await mkdir(quarantine);
    const other = await take(join(quarantine, paths.lock), 'of-the-directory');
    await lock.release();
    const { exitCode, json } = await holdfast.run(['up']);
    expect([exitCode, json.error?.code]).toEqual([11, 'volume-locked']);
    expect(json.error?.message).toContain('(run of-the-directory)');
    await other.release();
    await waitFor('Prometheus runs', async () => (await holdfast.component('prometheus')).state === 'running', {
      timeoutMs: 90_000,
    });
    expect((await holdfast.status()).ok).toBe(true);
  });
});
