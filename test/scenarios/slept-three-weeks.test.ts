/**
 * A stack that keeps 15 days has slept for three weeks. Measured by the clock all its blocks are too old, and the first
 * block that Prometheus cuts would take every one of them along. `up` raises retention by the time of the outage, says so,
 * and all blocks are there and answer. The same goes for `rebuild`, and for a daemon that is started without a command.
 * Whoever then asks for less than what is there is refused, with the windows, before anything stops.
 */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import type { StackFile } from '../../src/model/stack-file.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { waitUntilGone } from '../harness/end-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import { dayMs, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { readRetentionDays } from './retention-of.ts';
import { countStoredSamples } from './stored-blocks.ts';
import { readDaemonPid, readPids } from './stack-pids.ts';

const everything = 'count_over_time(fixture_value[10d])';

describeStack('a stack slept for three weeks under a retention of 15 days', () => {
  let holdfast: Holdfast;
  let made: MadeBlocks;

  const expectAllBlocks = async (of: Holdfast) => {
    const directory = of.path('volumes', 'prometheus', 'prometheus-db');
    expect(await countStoredSamples(directory, made.newestMs)).toBe(made.samples);
    const asker = await openAsker(of);
    const counted = Object.values(await asker.query(everything, made.newestMs)).map(Number);
    expect(counted.reduce((sum, samples) => sum + samples, 0)).toBe(made.samples);
    // Half a day before the next block is cut is nothing: 15 days, and the 21 of the outage.
    expect(await readRetentionDays(asker)).toBeGreaterThanOrEqual(15 + 21);
  };

  test('its data root, as it was when it went to sleep', async () => {
    holdfast = await openHoldfast();
    made = await makeBlocks({
      endsBeforeNowMs: 22 * dayMs,
      spanMs: 10 * dayMs,
      everyMs: 600_000,
      series: 2,
      blockMs: dayMs,
    });
    await holdfast.succeed(['adopt', made.directory]);
    // As a stack of its own would say it, and not one that has just taken old data in.
    await editStackFile(holdfast, (stack) => ({
      ...stack,
      config: { ...stack.config, prometheus: { ...stack.config.prometheus, retentionMs: 15 * dayMs } },
      retention: { ...stack.retention, timeMs: 15 * dayMs, raises: [] },
    }));
  });

  test('rebuild raises retention and says so, and keeps everything', async () => {
    const twin = await openHoldfast();
    await cp(holdfast.dataRoot, twin.dataRoot, { recursive: true, preserveTimestamps: true });
    const { stdout, exitCode } = await twin.say(['rebuild', '--plan']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('Retention is raised by');
    const { json } = await twin.succeed(['rebuild', '--confirm', 'monitoring']);
    expect(json.proof).toMatchObject({
      kept: { samples: made.samples },
      lost: { samples: 0, windows: [] },
      expired: { samples: 0 },
    });
    await expectAllBlocks(twin);
    await twin.succeed(['down']);
  });

  test('up raises retention and says so, and keeps everything', async () => {
    const { stderr, exitCode } = await holdfast.say(['up']);
    expect(exitCode).toBe(0);
    expect(stderr).toContain('Retention is raised by');
    expect(stderr).toContain('the time of an outage does not count');
    await expectAllBlocks(holdfast);
    const { retention } = await holdfast.stackFile();
    expect(retention).toMatchObject({ timeMs: 15 * dayMs, raises: [{ fromMs: made.newestMs }] });
  });

  test('a second up has nothing to do, and a rebuild keeps the raise', async () => {
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ run: null, steps: [] });
    const { proof } = (await holdfast.succeed(['rebuild', '--confirm', 'monitoring'])).json;
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] }, expired: { samples: 0 } });
    await expectAllBlocks(holdfast);
  });

  test('a retention under which blocks would go is refused with their windows, and nothing stops', async () => {
    const pids = await readPids(holdfast);
    await holdfast.configure({ prometheus: { retention: '4d' } });
    for (const words of [['up'], ['rebuild', '--confirm', 'monitoring']]) {
      const { exitCode, json } = await holdfast.run(words);
      expect(exitCode).toBe(10);
      expect(json.error).toMatchObject({ code: 'retention-would-delete', kind: 'refusal' });
      expect(json.error?.message).toContain(new Date(made.oldestMs).toISOString());
      expect(json.error?.remedy).toContain('--unsafe-let-retention-delete');
      const { windows } = json.error?.details as { readonly windows: readonly { readonly samples: number }[] };
      expect(windows.reduce((sum, { samples }) => sum + samples, 0)).toBeGreaterThan(made.samples / 5);
    }
    expect(await readPids(holdfast)).toEqual(pids);
    await holdfast.configure({});
    await expectAllBlocks(holdfast);
  });

  test('a daemon that nobody commanded raises it too', async () => {
    const daemonPid = await readDaemonPid(holdfast);
    process.kill(daemonPid, 'SIGTERM');
    await waitUntilGone(daemonPid);
    await editStackFile(holdfast, (stack) => ({ ...stack, retention: { ...stack.retention, raises: [] } }));
    // What the daemon has seen last is three weeks old as well.
    const seen = JSON.parse(await readFile(holdfast.path('last-observation.json'), 'utf8')) as object;
    await writeFile(
      holdfast.path('last-observation.json'),
      JSON.stringify({ ...seen, newestSampleMs: made.newestMs }),
      { mode: 0o600 },
    );
    const daemon = holdfast.start(['daemon'], { timeoutMs: 200_000 });
    await waitFor('the stack is ok', async () => (await holdfast.status()).ok, { timeoutMs: 60_000 });
    await expectAllBlocks(holdfast);
    expect(daemon.output.stdout).toContain('retention raised by');
    daemon.child.kill('SIGTERM');
    expect((await daemon.outcome).exitCode).toBe(0);
  });
});

async function editStackFile(holdfast: Holdfast, edit: (stack: StackFile) => StackFile): Promise<void> {
  const stack = edit(await holdfast.stackFile());
  await writeFile(holdfast.path('stack.json'), `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
}
