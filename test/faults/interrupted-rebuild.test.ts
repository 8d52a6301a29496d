import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { copyBlocks, makeBlocks, type MadeBlocks } from '../harness/make-blocks.ts';
import { waitFor } from '../harness/wait-for.ts';
import { expectError } from './expect-error.ts';

/*
 * Ctrl-C at every step of a rebuild: the command ends with 130 and names no bug, the run is listed as cancelled, the same
 * command finishes it under the same id where something had stopped, and the proof finds nothing lost. What the plan's
 * steps are, the plan itself says.
 */
describeStack('a rebuild that is interrupted', () => {
  let holdfast: Holdfast;
  let blocks: MadeBlocks;
  let steps: readonly string[] = [];
  let pushedAtMs = 0;
  const rebuild = ['rebuild', '--confirm', 'monitoring'];

  beforeAll(async () => {
    const hourMs = 3_600_000;
    blocks = await makeBlocks({ endsBeforeNowMs: 3 * hourMs, spanMs: 6 * hourMs, everyMs: 60_000, series: 5 });
    holdfast = await openHoldfast();
    await holdfast.succeed(['up']);
    await holdfast.succeed(['down']);
    await copyBlocks(blocks.directory, holdfast.path('volumes', 'prometheus', 'prometheus-db'));
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.push('faults', 'pushed_before_faults', 7);
    await asker.waitForSeries('pushed_before_faults');
    pushedAtMs = Date.now();
    steps = ((await holdfast.run(['rebuild', '--plan'])).json.plan?.steps ?? []).map(({ kind }) => kind);
  });
  afterAll(async () => holdfast.cleanUp());

  /** Interrupts a rebuild as soon as it has begun its step of that number. Returns the run's id, or null where it was too quick. */
  async function interruptAt(index: number): Promise<string | null> {
    const running = holdfast.start(rebuild);
    const begun = `"index":${index},`;
    const { exitCode } = await Promise.race([
      running.outcome,
      waitFor('the step begins', async () => hasBegun(running.output.stdout, begun), {
        timeoutMs: 60_000,
        everyMs: 2,
      }).then(async () => {
        running.child.kill('SIGINT');
        return running.outcome;
      }),
    ]);
    const lines = running.output.stdout.trimEnd().split('\n');
    const json = JSON.parse(lines.at(-1) ?? '') as {
      readonly run?: string;
      readonly error?: { readonly code: string };
    };
    if (exitCode === 0) return null;
    expectError({ exitCode, json: json as never }, 'cancelled');
    expect(running.output.stderr).not.toContain('bug');
    return json.run ?? '';
  }

  const hasBegun = (stdout: string, index: string) =>
    stdout.split('\n').some((line) => line.startsWith('{"type":"step-started"') && line.includes(index));

  test('the plan has steps of every phase', () => {
    expect(new Set(steps)).toEqual(
      new Set([
        'write-record',
        'take-inventory',
        'stop-process',
        'remove-rendered',
        'start-component',
        'await-ok',
        'prove',
      ]),
    );
  });

  // The last step is the proof; a rebuild that ends before the signal arrives has been interrupted nowhere.
  test('at the first and the last step of each kind, with the same command after each', async () => {
    const interrupted: string[] = [];
    for (const [index, kind] of steps.entries()) {
      if (steps[index - 1] === kind && steps[index + 1] === kind) continue;
      const run = await interruptAt(index);
      if (run === null) continue;
      interrupted.push(kind);
      const listed = (await holdfast.succeed(['runs'])).json.runs?.find((found) => found.run === run);
      expect(listed).toMatchObject({ verb: 'rebuild', state: 'cancelled' });
      const { json } = await holdfast.succeed(rebuild);
      expect(json.proof?.lost, `after SIGINT at ${kind}`).toEqual({ samples: 0, windows: [] });
      expect(json.proof?.kept.samples).toBeGreaterThanOrEqual(blocks.samples);
      expect(json.proof?.components.every(({ lost }) => lost === 0)).toBe(true);
    }
    for (const kind of ['take-inventory', 'stop-process', 'start-component', 'await-ok'])
      expect(interrupted).toContain(kind);
    const asker = await openAsker(holdfast);
    expect(Object.values(await asker.query('pushed_before_faults', pushedAtMs))).toEqual(['7']);
    expect(Object.keys(await asker.query('fixture_value', blocks.oldestMs))).toHaveLength(5);
  });

  test('twice in a row, and with up in the place of the same command', async () => {
    const stopping = steps.indexOf('remove-rendered');
    const first = await interruptAt(stopping);
    const second = await interruptAt(steps.indexOf('stop-process'));
    expect(second === null || second === first).toBe(true);
    const { json } = await holdfast.succeed(['up']);
    expect(json.ok).toBe(true);
    const status = await holdfast.status();
    expect(status.lastProof).toMatchObject({ ok: true, lostSamples: 0 });
    expect(status.findings.map(({ severity }) => severity)).not.toContain('error');
  });

  test('command and daemon are killed once the inventory is there: the same command starts a daemon before it proves it', async () => {
    const daemonPid = (await holdfast.status()).daemon?.pid ?? 0;
    const listFiles = async (...names: readonly string[]) =>
      (await readdir(holdfast.path('inventories', ...names)).catch(() => [])).filter((name) => name.endsWith('.json'));
    const [counts, inventories] = [(await listFiles('tsdb')).length, (await listFiles()).length];
    const running = holdfast.start(rebuild);
    // By now it knows where Prometheus is and asks it alone; a daemon that is stopped lets nothing be stopped after that.
    await waitFor('the bytes are counted', async () => (await listFiles('tsdb')).length > counts, every2Ms);
    process.kill(daemonPid, 'SIGSTOP');
    await waitFor('the inventory is taken', async () => (await listFiles()).length > inventories, every2Ms);
    running.child.kill('SIGKILL');
    await running.outcome;
    process.kill(daemonPid, 'SIGKILL');
    const { plan } = (await holdfast.succeed(['rebuild', '--plan'])).json;
    expect(plan?.steps.map(({ kind }) => kind).slice(0, 2)).toEqual(['start-daemon', 'prove']);
    const again = await holdfast.succeed(rebuild, { timeoutMs: 120_000 });
    expect(again.json.proof?.lost).toEqual({ samples: 0, windows: [] });
    expect((await holdfast.status()).ok).toBe(true);
  });
});

const every2Ms = { timeoutMs: 60_000, everyMs: 2 };
