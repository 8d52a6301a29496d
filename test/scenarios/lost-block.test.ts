/**
 * Something takes a block away while a rebuild has stopped everything: the command is killed right after its last stop, a
 * block directory is moved, and the same command is run again. It goes on with its own run, everything starts, and the
 * proof fails with 13: it names the block's window and how many samples are missing, and status is not ok. The block is
 * put back while the stack is down, the same command runs again, and the proof of that very run is good.
 */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { plural } from '../../src/model/counted.ts';
import { openHoldfast } from '../harness/holdfast.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { isAlive } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type BlockOfDirectory, type MadeBlocks } from '../harness/make-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { listStoredBlocks } from './stored-blocks.ts';
import { readPids } from './stack-pids.ts';

const rebuild = ['rebuild', '--confirm', 'monitoring'];

describeStack('a block is lost during a rebuild', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;
  let run: string;
  let lost: BlockOfDirectory;
  let aside: string;

  const directory = () => holdfast.path('volumes', 'prometheus', 'prometheus-db');

  test('a stack with three days of blocks', async () => {
    holdfast = await openHoldfast();
    made = await makeBlocks({ endsBeforeNowMs: dayMs, spanMs: 3 * dayMs, everyMs: 60_000, series: 4 });
    await holdfast.succeed(['adopt', made.directory]);
    await holdfast.succeed(['up']);
  });

  test('the command is killed once everything has stopped', async () => {
    const pids = await readPids(holdfast);
    const command = holdfast.start(rebuild);
    const stopped = /"type":"step-done","step":\{"kind":"stop-process"[^\n]*"component":"pushgateway"/;
    await waitFor('the last stop', async () => stopped.test(command.output.stdout), { timeoutMs: 60_000, everyMs: 5 });
    process.kill(command.pid, 'SIGKILL');
    await command.outcome;
    const runs = (await holdfast.succeed(['runs'])).json.runs ?? [];
    expect(runs[0]).toMatchObject({ verb: 'rebuild', state: 'interrupted' });
    run = runs[0]?.run ?? '';
    for (const pid of Object.values(pids)) expect(await isAlive(pid)).toBe(false);
  });

  test('a block is moved away; the same command ends with 13, and names the window and the samples', async () => {
    const blocks = (await listStoredBlocks(directory())).filter(({ minTime }) => minTime <= made.newestMs);
    const [first, second] = blocks;
    if (first === undefined || second === undefined) throw new Error('There are no blocks to lose.');
    lost = second;
    aside = join(holdfast.directory, 'aside');
    await mkdir(aside);
    await rename(join(directory(), lost.ulid), join(aside, lost.ulid));
    const { exitCode, json, stderr } = await holdfast.run(rebuild);
    expect(exitCode).toBe(13);
    expect(json.run).toBe(run);
    expect(json.proof).toMatchObject({ run, lost: { samples: lost.samples } });
    // Prometheus may have compacted it between the inventory and the stop: then those that it was made of are named.
    const windows = json.proof?.lost.windows ?? [];
    expect([windows[0]?.fromMs, windows.at(-1)?.toMs]).toEqual([lost.minTime, lost.maxTime]);
    expect(windows.reduce((sum, { samples }) => sum + samples, 0)).toBe(lost.samples);
    for (const { reason } of windows) expect(reason).toMatch(/^block [0-9A-Z]{26} .* is not on the volume any more/);
    if (windows.length === 1) expect(windows[0]?.reason).toContain(lost.ulid);
    expect(json.error).toMatchObject({ code: 'samples-lost', kind: 'mismatch' });
    expect(json.error?.message).toContain(new Date(lost.minTime).toISOString());
    expect(json.error?.message).toContain(`(${windows[0]?.samples} samples; `);
    expect(stderr).not.toContain('bug');
  });

  test('everything runs, but status is not ok, and says what to do', async () => {
    const { exitCode, json } = await holdfast.run(['status']);
    expect(exitCode).toBe(1);
    expect(json).toMatchObject({ ok: false, lastProof: { run, ok: false, lostSamples: lost.samples } });
    const finding = json.findings?.find(({ rule }) => rule === 'proof-lost');
    expect(finding?.message).toContain(plural(lost.samples, 'sample'));
    expect(finding?.remedy).toContain(`holdfast --data '${holdfast.dataRoot}' rebuild`);
    expect((await holdfast.component('prometheus')).state).toBe('running');
  });

  test('nothing that takes another baseline hides the loss', async () => {
    expect((await holdfast.run(['up'])).exitCode).toBe(13);
    const again = await holdfast.run(rebuild);
    expect(again.exitCode).toBe(13);
    expect(again.json).toMatchObject({ run, proof: { run, lost: { samples: lost.samples } } });
    expect((await holdfast.run(['adopt', made.directory])).json.error?.code).toBe('proof-owed');
  });

  test('the block is put back, and the same command makes a good proof of the same run', async () => {
    // A running Prometheus would find it within a minute; a stop and a start find it at once, and leave the debt standing.
    await holdfast.succeed(['down']);
    await rename(join(aside, lost.ulid), join(directory(), lost.ulid));
    const { json } = await holdfast.succeed(rebuild);
    expect(json.run).toBe(run);
    expect(json.proof).toMatchObject({ run, lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    expect(json.proof?.kept.samples).toBeGreaterThanOrEqual(made.samples);
    expect(await holdfast.status()).toMatchObject({ ok: true, lastProof: { run, ok: true } });
  });
});
