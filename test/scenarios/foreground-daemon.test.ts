/**
 * Somebody lets their own service keeper run `holdfast daemon` in the foreground. It starts the stack, is the only one, and
 * `up` finds nothing to do. A Prometheus that is killed comes back; what its repair could have destroyed is kept aside until
 * a proof says that nothing is missing. SIGTERM stops the stack in order, and the next daemon brings it back with its data.
 */
import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { openHoldfast } from '../harness/holdfast.ts';
import { openAsker, type Asker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { waitUntilGone } from '../harness/end-processes.ts';
import { findProcessesNaming, isAlive } from '../harness/find-processes.ts';
import type { Holdfast } from '../harness/holdfast.ts';
import type { RunningCommand } from '../harness/run-command.ts';
import { waitFor } from '../harness/wait-for.ts';
import { readDaemonPid, readPids } from './stack-pids.ts';

describeStack('a daemon in the foreground', () => {
  let holdfast: Holdfast;
  let asker: Asker;
  let daemon: RunningCommand;
  let at: number;
  let answers: Readonly<Record<string, string>>;

  const startDaemon = async () => {
    daemon = holdfast.start(['daemon'], { timeoutMs: 250_000 });
    await waitFor('the stack is ok', async () => (await holdfast.status()).ok, { timeoutMs: 60_000 });
  };
  const listAside = async () => readdir(holdfast.path('set-aside', 'prometheus')).catch(() => []);

  test('without a stack it ends at once, and starts nothing', async () => {
    holdfast = await openHoldfast();
    const { exitCode, json } = await holdfast.run(['daemon']);
    expect({ exitCode, code: json.error?.code }).toEqual({ exitCode: 10, code: 'no-stack' });
  });

  test('SIGTERM to the daemon that up has started stops the stack', async () => {
    await holdfast.succeed(['up']);
    const pid = await readDaemonPid(holdfast);
    process.kill(pid, 'SIGTERM');
    await waitUntilGone(pid);
    expect(await findProcessesNaming(holdfast.directory)).toEqual([]);
    const { exitCode, json } = await holdfast.run(['status']);
    expect(exitCode).toBe(1);
    expect(json.findings?.map(({ rule }) => rule)).toContain('daemon-not-running');
  });

  test('in the foreground it brings the stack back, is the only one, and up has nothing to do', async () => {
    await startDaemon();
    expect(await readDaemonPid(holdfast)).toBe(daemon.pid);
    const second = await holdfast.run(['daemon']);
    expect({ exitCode: second.exitCode, kind: second.json.error?.kind }).toEqual({ exitCode: 11, kind: 'locked' });
    expect(second.json.error?.message).toContain(String(daemon.pid));
    expect((await holdfast.succeed(['up'])).json).toMatchObject({ ok: true, run: null, steps: [] });
    asker = await openAsker(holdfast);
    await asker.push('foreground', 'foreground_value', 5);
    await asker.waitForSeries('foreground_value');
    at = Date.now();
    await asker.waitForSeries(`timestamp(up{job="node-exporter"}) > ${at / 1000 + 5}`);
    answers = await asker.query('{__name__!=""}', at);
  });

  test('Prometheus is killed: it is back with its samples, and its WAL is aside until the next good proof', async () => {
    expect(await listAside()).toEqual([]);
    const { prometheus = 0 } = await readPids(holdfast);
    process.kill(prometheus, 'SIGKILL');
    await waitFor(
      'Prometheus is back',
      async () => {
        const { state, pid, restarts } = await holdfast.component('prometheus');
        return state === 'running' && pid !== prometheus && restarts === 1;
      },
      { timeoutMs: 60_000 },
    );
    expect(await asker.query('{__name__!=""}', at)).toEqual(answers);
    expect(await listAside()).toHaveLength(1);
    const { proof } = (await holdfast.succeed(['rebuild', '--confirm', 'monitoring'])).json;
    expect(proof).toMatchObject({ lost: { samples: 0, windows: [] } });
    expect(await listAside()).toEqual([]);
    expect(await readDaemonPid(holdfast)).toBe(daemon.pid);
  });

  test('SIGTERM stops the stack in order, and it ends well', async () => {
    const pids = await readPids(holdfast);
    daemon.child.kill('SIGTERM');
    expect((await daemon.outcome).exitCode).toBe(0);
    for (const pid of Object.values(pids)) expect(await isAlive(pid)).toBe(false);
    const stops = [...daemon.output.stdout.matchAll(/ (\S+) \(process (\d+)\) stopped: terminated/g)];
    const last = stops.filter(([, name = '', pid]) => String(pids[name]) === pid).map(([, name]) => name);
    expect(last).toEqual(['prometheus', 'node-exporter', 'alertmanager', 'pushgateway']);
  });

  test('the next daemon brings everything back', async () => {
    await startDaemon();
    expect(await asker.query('{__name__!=""}', at)).toEqual(answers);
    expect(await asker.get('pushgateway', '/metrics')).toContain('foreground_value{instance="",job="foreground"} 5');
    expect(await readFile(holdfast.path('stack.json'), 'utf8')).toContain('"desired": "up"');
  });
});
