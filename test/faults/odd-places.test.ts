import { mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ask, openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import { openHoldfast, type Holdfast } from '../harness/holdfast.ts';
import { waitFor } from '../harness/wait-for.ts';
import { expectError } from './expect-error.ts';

/*
 * First lives of a stack that begin badly: a data root whose path no script expects, one behind a symlink, two commands at
 * once on nothing, a first `up` that is killed again and again, and secrets that are removed from below a running stack.
 */
describeStack('a stack in an odd place', () => {
  const rebuild = ['rebuild', '--confirm', 'monitoring'];

  async function withHoldfast(use: (holdfast: Holdfast) => Promise<void>): Promise<void> {
    const holdfast = await openHoldfast();
    try {
      await use(holdfast);
    } finally {
      await holdfast.cleanUp();
    }
  }

  test('a path with blanks, quotes, a dollar and a line feed, reached through a symlink', async () => {
    await withHoldfast(async (outer) => {
      const odd = join(outer.directory, `a "b"\n'c' $HOME & {d}; é`);
      await mkdir(odd);
      await symlink(odd, outer.dataRoot);
      await outer.succeed(['up']);
      const asker = await openAsker(outer);
      await asker.push('odd', 'pushed_into_an_odd_place', 3);
      const { json } = await outer.succeed(rebuild);
      expect(json.proof?.lost).toEqual({ samples: 0, windows: [] });
      expect(await asker.get('pushgateway', '/metrics')).toContain('pushed_into_an_odd_place{instance="",job="odd"} 3');
      // Both names are one data root, with one daemon.
      const byItsOwnName = await outer.run(['--config', outer.configFile, '--data', odd, 'status'], { bare: true });
      expect(byItsOwnName.json.daemon?.pid).toBe((await outer.status()).daemon?.pid);
      await outer.succeed(['teardown', '--confirm', 'monitoring']);
      await outer.succeed(rebuild);
      await outer.succeed(['down']);
      expect(await findProcessesNaming(outer.directory)).toEqual([]);
    });
  });

  test('two first ups at once: one makes the stack, the other is told who does', async () => {
    await withHoldfast(async (holdfast) => {
      const both = await Promise.all([holdfast.run(['up']), holdfast.run(['up'])]);
      const winner = both.find(({ exitCode }) => exitCode === 0);
      const loser = both.find((outcome) => outcome !== winner);
      expect(winner?.json.ok).toBe(true);
      // One that came so late that the other had ended has found nothing to do.
      if (loser?.exitCode !== 0) expectError(loser ?? { exitCode: null, json: {} }, 'locked', 'up', 'process');
      const { volumes } = await holdfast.stackFile();
      expect(new Set(volumes.map(({ component }) => component)).size).toBe(volumes.length);
      expect((await holdfast.succeed(['up'])).json.ok).toBe(true);
    });
  });

  test('a first up that is killed at every step is finished by the next', async () => {
    await withHoldfast(async (holdfast) => {
      const killed: string[] = [];
      for (const kind of [
        'write-stack-file',
        'create-secrets',
        'create-volume',
        'start-daemon',
        'start-component',
        'await-ok',
      ]) {
        const running = holdfast.start(['up']);
        const begins = waitFor(
          kind,
          async () => running.output.stdout.includes(`{"type":"step-started","step":{"kind":"${kind}"`),
          { timeoutMs: 60_000, everyMs: 2 },
        ).then(async () => {
          running.child.kill('SIGKILL');
          return running.outcome;
        });
        const outcome = await Promise.race([running.outcome, begins]);
        if (outcome.signal === 'SIGKILL') killed.push(kind);
      }
      expect(killed.length).toBeGreaterThanOrEqual(3);
      expect((await holdfast.succeed(['up'])).json.ok).toBe(true);
      const { volumes, stackId } = await holdfast.stackFile();
      for (const { component, id } of volumes) {
        const text = await readFile(holdfast.path('volumes', component, '.holdfast.json'), 'utf8');
        expect(JSON.parse(text)).toMatchObject({ volumeId: id, stackId });
      }
      expect((await holdfast.succeed(rebuild)).json.proof?.lost.samples).toBe(0);
    });
  });

  test('secrets that are removed: it can still be looked at and stopped, and up makes new ones', async () => {
    await withHoldfast(async (holdfast) => {
      await holdfast.succeed(['up']);
      const before = await holdfast.credentials();
      await rm(holdfast.path('secrets'), { recursive: true });
      expectError(await holdfast.run(['credentials']), 'no-stack', holdfast.path('secrets'));
      const status = await waitFor('status is not ok', async () => {
        const outcome = await holdfast.run(['status']);
        return outcome.json.ok === false && outcome;
      });
      expectError(status, 'not-ok');
      // Nobody can ask this Prometheus any more, so that there is no baseline: nothing is stopped without one.
      expectError(await holdfast.run(rebuild), 'no-stack', holdfast.path('secrets'));
      expect((await holdfast.component('prometheus')).pid).not.toBeNull();
      await holdfast.succeed(['down']);
      await holdfast.succeed(['up']);
      const after = await holdfast.credentials();
      expect(after.password).not.toBe(before.password);
      const old = { as: `${before.user}:${before.password}` };
      expect((await ask(holdfast.ports.prometheus, '/api/v1/query?query=1', old)).status).toBe(401);
      expect((await holdfast.succeed(rebuild)).json.proof?.lost.samples).toBe(0);
    });
  });
});
