/**
 * A repair is killed once it has begun, and paused when it goes on: Prometheus is not started before it has ended, neither by
 * a command nor by the daemon, which does so by itself then. While Prometheus is being started, no repair begins.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paths } from '../../src/model/paths.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { damageWal } from './damage-wal.ts';

const preload = new URL('../crash/kill-at-call.mjs', import.meta.url).href;

describeStack('a volume that is being repaired', () => {
  let holdfast: Holdfast;
  beforeAll(async () => {
    holdfast = await openHoldfast();
  });
  afterAll(async () => holdfast.cleanUp());

  const data = () => holdfast.path('volumes', 'prometheus', 'prometheus-db');
  const hasBegun = async (): Promise<boolean> => {
    const names = await readdir(`${data()}-quarantine`, { recursive: true }).catch(() => []);
    return names.some((name) => name.endsWith('/manifest.json'));
  };
  /** Of a repair, in the place of one of its calls that change the disk. */
  const startRepair = (call: number, signal: NodeJS.Signals) => {
    const log = join(holdfast.directory, `calls-${signal}-${call}`);
    const environment = {
      NODE_OPTIONS: `--import ${preload}`,
      HOLDFAST_KILL_LOG: log,
      HOLDFAST_KILL_AT: String(call),
      HOLDFAST_KILL_SIGNAL: signal,
    };
    return holdfast.start(['repair', '--confirm', 'monitoring', '--json'], { environment });
  };
  const isPaused = async (pid: number): Promise<boolean> =>
    / T /.test((await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\)/s, ''));

  test('is not given to a Prometheus, and is once that has ended', async () => {
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('count_over_time(up{job="node-exporter"}[1m]) > 12', 60_000);
    await holdfast.succeed(['down']);
    await damageWal(data());
    // A killed one leaves files for the next one to remove, which are calls as well.
    for (let call = 30; !(await hasBegun()); call += 10) {
      expect((await startRepair(call, 'SIGKILL').outcome).signal).toBe('SIGKILL');
    }

    const refused = await holdfast.run(['up']);
    expect([refused.exitCode, refused.json.error?.code]).toEqual([10, 'repair-unfinished']);
    const [run = ''] = (await readdir(`${data()}-quarantine`)).filter((name) => name.includes('-repair-'));
    expect(refused.json.error?.message).toContain(`(run ${run}) was broken off, so Prometheus is not started`);
    expect((await holdfast.component('prometheus')).state).toBe('refused');
    const finding = (await holdfast.status()).findings.find(({ object }) => object === 'prometheus');
    expect(finding?.remedy).toMatch(/repair`, which finishes it; then /);

    // Behind the taking over of its locks.
    const repair = startRepair(30, 'SIGSTOP');
    await waitFor('the repair is paused', async () => isPaused(repair.pid));
    const said = `is being repaired by process ${repair.pid} (run ${run})`;
    await waitFor(
      'the daemon sees it',
      async () => ((await holdfast.component('prometheus')).reason ?? '').includes(said),
      { timeoutMs: 70_000 },
    );
    process.kill(repair.pid, 'SIGCONT');
    expect((await repair.outcome).exitCode).toBe(0);
    await waitFor('Prometheus runs', async () => (await holdfast.component('prometheus')).state === 'running', {
      timeoutMs: 90_000,
    });
    const during = await holdfast.run(['repair', '--confirm', 'monitoring']);
    expect([during.exitCode, during.json.error?.code]).toEqual([11, 'volume-locked']);
    expect((await holdfast.run(['runs'])).json.runs?.find((listed) => listed.run === run)).toMatchObject({
      state: 'done',
    });
    await holdfast.succeed(['up']);
    expect((await holdfast.status()).ok).toBe(true);
    expect(await readdir(holdfast.path(paths.volume('prometheus')))).toContain(paths.volumeLock);
  });
});
