/**
 * Somebody has put wal/ on another disk, with a symbolic link in its place. Prometheus would follow it, while nothing of
 * ours does: what lies there would be neither looked through nor proven. It is not started on it, and one that runs is not
 * stopped for a start that would be refused.
 */
import { rename, rm, symlink } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { sendSignal } from '../harness/end-processes.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { readPids } from './stack-pids.ts';

describeStack('a WAL behind a symbolic link', () => {
  let holdfast: Holdfast;
  const wal = () => holdfast.path('volumes', 'prometheus', 'prometheus-db', 'wal');
  const elsewhere = () => holdfast.path('..', 'wal-elsewhere');

  beforeAll(async () => {
    holdfast = await openHoldfast();
  });
  afterAll(async () => {
    await rm(elsewhere(), { recursive: true, force: true });
    await holdfast.cleanUp();
  });

  const link = async () => {
    await rename(wal(), elsewhere());
    await symlink(elsewhere(), wal());
  };
  const putBack = async () => {
    await rm(wal());
    await rename(elsewhere(), wal());
  };
  const refused = async (words: readonly string[]) => {
    const { exitCode, json } = await holdfast.run(words);
    expect([words[0], exitCode, json.error?.code]).toEqual([words[0], 10, 'linked-data']);
    expect(json.error?.message).toContain(wal());
    expect(json.error?.remedy).toContain(wal());
  };

  test('is refused before anything is stopped, and before any start; in its place it is started on', async () => {
    await holdfast.succeed(['up']);
    await link();
    const pids = await readPids(holdfast);
    await refused(['rebuild', '--confirm', 'monitoring']);
    expect(await readPids(holdfast)).toEqual(pids);
    await holdfast.succeed(['up']);
    expect(await readPids(holdfast)).toEqual(pids);
    sendSignal(pids['prometheus'] ?? NaN, 'SIGKILL');
    const before = await snapshotTree(elsewhere());
    await waitFor('the daemon says why it does not start it', async () => {
      const { findings } = await holdfast.status();
      return findings.some(({ object, message }) => object === 'prometheus' && message.includes('symbolic link'));
    });
    expect((await readPids(holdfast))['prometheus']).toBeUndefined();
    expect(await snapshotTree(elsewhere())).toEqual(before);
    await holdfast.succeed(['down']);
    await refused(['up']);
    expect(await snapshotTree(elsewhere())).toEqual(before);
    await putBack();
    await holdfast.succeed(['up']);
    await holdfast.succeed(['down']);
  });
});
