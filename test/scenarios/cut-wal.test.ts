/**
 * The newest samples live in the WAL alone. After a teardown, which has written down what there is, the end of the WAL is
 * cut off. `rebuild` brings the stack up, and the proof fails with 13 and names the window in the head. Whoever cannot
 * bring the samples back says --unsafe-accept-loss: the loss stays to be seen, and the stack is ok again.
 */
import { readdir, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import type { Holdfast } from '../harness/holdfast.ts';

const rebuild = ['rebuild', '--confirm', 'monitoring'];

describeStack('the WAL is cut while the stack is down', () => {
  let holdfast: Holdfast;
  let startedAtMs: number;
  let tornDownAtMs: number;
  let run: string;

  test('a stack with some samples in its head is torn down', async () => {
    holdfast = await openHoldfast();
    startedAtMs = Date.now();
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('count_over_time(up{job="node-exporter"}[5m]) > 12', 60_000);
    run = (await holdfast.succeed(['teardown', '--confirm', 'monitoring'])).json.run ?? '';
    tornDownAtMs = Date.now();
  });

  test('its WAL is cut; rebuild ends with 13, and names the window in the head', async () => {
    const wal = holdfast.path('volumes', 'prometheus', 'prometheus-db', 'wal');
    const segments = (await readdir(wal)).filter((name) => /^\d{8}$/.test(name)).sort();
    const last = join(wal, segments.at(-1) ?? '');
    await truncate(last, Math.floor((await stat(last)).size / 2));
    const { exitCode, json } = await holdfast.run(rebuild);
    expect(exitCode).toBe(13);
    expect(json.run).toBe(run);
    expect(json.error).toMatchObject({ code: 'samples-lost', kind: 'mismatch' });
    expect(json.proof?.lost.samples).toBeGreaterThan(1000);
    const windows = json.proof?.lost.windows ?? [];
    expect(windows.length).toBeGreaterThan(0);
    for (const { fromMs, toMs, reason } of windows) {
      expect(reason).toMatch(/^head: /);
      expect(toMs).toBeGreaterThan(startedAtMs);
      expect(fromMs).toBeLessThan(tornDownAtMs);
    }
    expect(json.error?.message).toContain(new Date(windows[0]?.fromMs ?? 0).toISOString());
    expect(await holdfast.status()).toMatchObject({ ok: false, lastProof: { run, ok: false } });
  });

  test('the stack runs, and new samples come in all the same', async () => {
    const asker = await openAsker(holdfast);
    await asker.waitForSeries('up{job="prometheus"} == 1');
    expect((await holdfast.component('prometheus')).state).toBe('running');
  });

  test('who accepts the loss says so, and it stays to be seen', async () => {
    const unnamed = await holdfast.run(['rebuild', '--unsafe-accept-loss']);
    expect(unnamed.exitCode).toBe(2);
    await holdfast.succeed([...rebuild, '--unsafe-accept-loss']);
    const status = await holdfast.status();
    expect(status.ok).toBe(true);
    expect(status.findings.find(({ rule }) => rule === 'loss-accepted')).toMatchObject({ severity: 'info' });
    const next = await holdfast.succeed(rebuild);
    expect(next.json.run).not.toBe(run);
    expect(next.json.proof).toMatchObject({ lost: { samples: 0, windows: [] } });
  });
});
