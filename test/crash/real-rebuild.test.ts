import { spawn } from 'node:child_process';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { waitUntilGone } from '../harness/end-processes.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { listBlocksOf, type MadeBlocks } from '../harness/make-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { describeMoment, findMoments, type Moment } from './rebuild-moments.ts';
import {
  fillStack,
  findMissing,
  killRebuild,
  lossOf,
  nothingLost,
  openOldStack,
  rebuildWords,
  timeRebuild,
  type KilledRebuild,
  type Victim,
} from './rebuild-story.ts';
import { countWriters, watchVolumes } from './watch-volumes.ts';

// A stack with three days of blocks, a silence and a pushed metric is rebuilt, and the real command is killed with
// SIGKILL: at moments that are spread over the duration and over the steps of an undisturbed rebuild, which is measured
// first. In other lives the daemon is killed, or both. Then the same command is run again, and nothing is missing: not a
// sample, not a block, not a silence, not a pushed metric; and at no look did two processes write to one volume. Where a
// block is taken away while the command lies dead, the same command must fail and name the window, until it is back.

const long = process.env['HOLDFAST_TEST_LONG'] === '1';
const lives: readonly { readonly victim: Victim; readonly count: number }[] = [
  { victim: 'command', count: long ? 25 : 5 },
  { victim: 'daemon', count: long ? 8 : 2 },
  { victim: 'both', count: long ? 8 : 2 },
];

describeStack('a real rebuild, killed with SIGKILL and run again', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;
  let asker: Asker;
  let undisturbed: Awaited<ReturnType<typeof timeRebuild>>;

  beforeAll(async () => {
    holdfast = await openHoldfast();
    ({ made, asker } = await openOldStack(holdfast));
    await fillStack(asker, 'undisturbed');
    undisturbed = await timeRebuild(holdfast);
    console.log(`an undisturbed rebuild takes ${Math.round(undisturbed.tookMs)} ms`);
  });

  afterAll(async () => holdfast.cleanUp());

  for (const { victim, count } of lives) {
    test.each(Array.from({ length: count }, (_, index) => ({ number: index + 1, index })))(
      `${victim === 'both' ? 'command and daemon' : victim} killed, moment $number of ${count}: nothing is lost`,
      async ({ index, number }) => {
        const moment = findMoments(undisturbed.lines, undisturbed.tookMs, count)[index];
        if (moment === undefined) throw new Error(`There is no moment ${number} of ${count}.`);
        const before = await fillStack(asker, `${victim}-${number}`);
        const watch = watchVolumes(holdfast.dataRoot);
        const killed = await strike(moment, victim);
        console.log(
          `${victim} ${number} of ${count}: killed ${describeMoment(moment)}; it had written: ${killed.last}`,
        );
        const again = await holdfast.run(rebuildWords);
        const shared = await watch.stop();

        expect(again.exitCode, `${again.stdout}\n${again.stderr}`).toBe(0);
        expect(lossOf(again.json)).toEqual(nothingLost);
        expect(await findMissing({ holdfast, made, asker }, before)).toEqual([]);
        expect(shared).toEqual([]);
        expect(Object.values(await countWriters(holdfast.dataRoot))).toEqual([1, 1, 1]);
        expect(await holdfast.status()).toMatchObject({ ok: true, lastProof: { ok: true, lostSamples: 0 } });
      },
    );
  }

  test('a block that is taken away while the command lies dead: the proof fails and names its window, until it is back', async () => {
    const before = await fillStack(asker, 'teeth');
    const killed = await strike({ kind: 'line', line: 'step-done stop-process', occurrence: 0 }, 'command');
    expect(killed.signal).toBe('SIGKILL');
    const data = holdfast.path('volumes', 'prometheus', 'prometheus-db');
    const blocks = await listBlocksOf(data);
    const taken = blocks[Math.floor(blocks.length / 2)];
    if (taken === undefined) throw new Error('There are no blocks.');
    const elsewhere = join(holdfast.directory, 'elsewhere');
    await mkdir(elsewhere);
    await rename(join(data, taken.ulid), join(elsewhere, taken.ulid));

    const failed = await holdfast.run(rebuildWords);
    expect(failed.exitCode).toBe(13);
    expect(failed.json.error).toMatchObject({ code: 'samples-lost', kind: 'mismatch' });
    const windows = failed.json.proof?.lost.windows ?? [];
    expect(windows).toContainEqual(expect.objectContaining({ fromMs: taken.minTime, toMs: taken.maxTime }));
    expect(failed.json.proof?.lost.samples).toBeGreaterThanOrEqual(taken.samples);
    expect(failed.json.error?.message).toContain(new Date(taken.minTime).toISOString().slice(0, 16));
    // The same command does not forget it.
    expect((await holdfast.run(rebuildWords)).exitCode).toBe(13);

    await rename(join(elsewhere, taken.ulid), join(data, taken.ulid));
    // A Prometheus that runs looks for blocks only once a minute; a stopped one is quicker. The debt stands meanwhile.
    await holdfast.succeed(['down']);
    const again = await holdfast.run(rebuildWords);
    expect(again.exitCode, `${again.stdout}\n${again.stderr}`).toBe(0);
    expect(again.json.run).toBe(failed.json.run);
    expect(lossOf(again.json)).toEqual(nothingLost);
    expect(await findMissing({ holdfast, made, asker }, before)).toEqual([]);
  });

  test('the watch has teeth: it sees a second process on a volume', async () => {
    const watch = watchVolumes(holdfast.dataRoot);
    const stranger = spawn(process.execPath, [
      '-e',
      'setInterval(() => {}, 1000)',
      holdfast.path('volumes', 'prometheus', 'x'),
    ]);
    await waitFor('two processes name the volume', async () =>
      Object.values(await countWriters(holdfast.dataRoot)).includes(2),
    );
    await new Promise((resolve) => setTimeout(resolve, 500));
    stranger.kill('SIGKILL');
    await waitUntilGone(stranger.pid ?? -1);
    expect(await watch.stop()).toContain('2 processes write to /volumes/prometheus/');
  });

  /** A rebuild that was quicker than the moment has done its work; the next one is killed a little earlier. */
  async function strike(moment: Moment, victim: Victim): Promise<KilledRebuild> {
    for (let [attempt, next] = [0, moment]; attempt < 5; attempt += 1) {
      const killed = await killRebuild(holdfast, next, victim);
      if (killed.struck) return killed;
      if (next.kind === 'time') next = { ...next, afterMs: Math.round(next.afterMs * 0.8) };
    }
    throw new Error(`No rebuild could be killed ${describeMoment(moment)}.`);
  }
});
