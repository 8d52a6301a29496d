import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StatusReport } from '../../src/model/status.ts';
import { openAsker } from '../harness/ask-components.ts';
import { describeStack } from '../harness/describe-stack.ts';
import { sendSignal, waitUntilGone } from '../harness/end-processes.ts';
import { isAlive, readState } from '../harness/find-processes.ts';
import { findFreePorts } from '../harness/free-ports.ts';
import { openHoldfast, type Holdfast, type HoldfastOutcome } from '../harness/holdfast.ts';
import { runCommand, type RunningCommand } from '../harness/run-command.ts';
import { snapshotTree } from '../harness/snapshot-tree.ts';
import { waitFor } from '../harness/wait-for.ts';
import { expectError } from './expect-error.ts';

/*
 * One stack that runs, and what can go wrong around it: wrong names, closed stdin, commands that meet, die, hang or become
 * zombies, a torn journal, components and daemons that are killed or paused, copies of the data root, directories that
 * cannot be adopted. After each of them the same components go on, and the samples of the beginning are still there.
 */
describeStack('a stack that runs', () => {
  let holdfast: Holdfast;
  let firstSampleMs = 0;

  beforeAll(async () => {
    holdfast = await openHoldfast();
    await holdfast.succeed(['up']);
    const asker = await openAsker(holdfast);
    await asker.push('faults', 'pushed_before_faults', 7);
    await asker.waitForSeries('pushed_before_faults');
    firstSampleMs = Date.now();
  });
  afterAll(async () => holdfast.cleanUp());

  const pids = ({ components }: Pick<StatusReport, 'components'>) =>
    Object.fromEntries(components.map(({ name, pid }) => [name, pid]));
  async function daemonPid(): Promise<number> {
    const { daemon } = await holdfast.status();
    if (daemon === null) throw new Error('No daemon runs.');
    return daemon.pid;
  }
  const confirmed = (verb: string) => [verb, '--confirm', 'monitoring'];

  /** The stack is ok, and the sample from before all faults is still answered. */
  async function expectNothingLost(): Promise<void> {
    const asker = await openAsker(holdfast);
    // What status says was seen up to some seconds ago, so the answer may still have to come.
    const values = await waitFor('the stack is ok and answers', async () => {
      const { ok } = await holdfast.status();
      return ok && Object.values(await asker.query('pushed_before_faults', firstSampleMs));
    });
    expect(values).toEqual(['7']);
  }

  /** What a command that is refused must leave as it was; the stack itself goes on writing. */
  const still = async (root = holdfast.dataRoot) =>
    snapshotTree(root, {
      except: (path) => /^(volumes\/(prometheus|pushgateway)|logs|last-observation\.json)/.test(path),
    });

  /** Runs it and makes sure that the same processes run as before, and that no file was changed. */
  async function changesNothing(words: readonly string[], run = async () => holdfast.run(words)) {
    const [before, files] = [pids(await holdfast.status()), await still()];
    const outcome = await run();
    expect(await still()).toEqual(files);
    expect(pids(await holdfast.status())).toEqual(before);
    return outcome;
  }

  test('a wrong name', async () => {
    for (const verb of ['rebuild', 'teardown']) {
      const outcome = await changesNothing([verb, '--confirm', 'monitorin']);
      expectError(outcome, 'wrong-name', '"monitoring"', '"monitorin"');
    }
  });

  test('no terminal, an empty stdin and a closed one: nobody can be asked', async () => {
    for (const verb of ['rebuild', 'teardown']) {
      const error = expectError(await changesNothing([verb]), 'confirmation-missing', 'monitoring');
      expect(error.remedy).toContain('--confirm monitoring');
    }
    expectError(
      await changesNothing(['rebuild'], async () => runClosed(['rebuild'])),
      'confirmation-missing',
      'monitoring',
    );
    expect((await runClosed(['status'])).json.ok).toBe(true);
    expect((await runClosed(['up'])).exitCode).toBe(0);
  });

  /** With `<&-`: a file that is opened then gets the number of stdin. */
  async function runClosed(words: readonly string[]): Promise<HoldfastOutcome> {
    const { path, line } = commandLine([...words, '--json']);
    const outcome = await runCommand('sh', ['-c', 'exec "$0" "$@" <&-', path, ...line], options());
    return {
      ...outcome,
      json: JSON.parse(outcome.stdout.trimEnd().split('\n').at(-1) ?? '') as HoldfastOutcome['json'],
    };
  }

  const options = () => ({ cwd: join(holdfast.directory, 'work'), environment: holdfast.environment });
  const commandLine = (words: readonly string[]) => ({
    path: process.execPath,
    line: [
      process.env['HOLDFAST_TEST_MAIN'] ?? '',
      ...['--config', holdfast.configFile, '--data', holdfast.dataRoot],
      ...words,
    ],
  });

  test.skipIf(existsSync('/run/systemd/system'))('service install where there is no systemd', async () => {
    const error = expectError(await changesNothing(['service', 'install']), 'service-failed', 'systemd');
    expect(error.remedy).toMatch(/crontab -e.*@reboot .* daemon$/);
    const status = await changesNothing(['service', 'status']);
    expect(status.exitCode).toBe(0);
  });

  test('a copied data root while the first still runs', async () => {
    const copy = join(holdfast.directory, 'copy');
    const ports = await findFreePorts(5);
    const names = ['prometheus', 'alertmanager', 'pushgateway', 'nodeExporter', 'grafana'];
    const config = join(holdfast.directory, 'copy.yaml');
    await writeFile(config, JSON.stringify(Object.fromEntries(names.map((name, at) => [name, { port: ports[at] }]))));
    await cp(holdfast.dataRoot, copy, { recursive: true, preserveTimestamps: true });
    const onCopy = (verb: readonly string[]) =>
      holdfast.run(['--config', config, '--data', copy, ...verb], { bare: true });
    const copied = await still(copy);
    const verbs = [['up'], confirmed('rebuild'), confirmed('teardown'), ['down'], ['daemon']];
    for (const verb of verbs) {
      const error = expectError(
        await changesNothing([], () => onCopy(verb)),
        'copied-while-running',
        copy,
        holdfast.dataRoot,
      );
      expect(error.remedy).toContain(`--data '${holdfast.dataRoot}' teardown`);
    }
    // The components of the original outlive its daemon, and so does the danger.
    sendSignal(await daemonPid(), 'SIGKILL');
    for (const verb of verbs) expectError(await onCopy(verb), 'copied-while-running', copy, holdfast.dataRoot);
    expect(await still(copy)).toEqual(copied);
    await holdfast.succeed(['up']);
    await expectNothingLost();
  });

  test('adopt of the directory of a Prometheus that runs, and of one with a symlink that leads out', async () => {
    const database = holdfast.path('volumes', 'prometheus', 'prometheus-db');
    const { pid } = await holdfast.component('prometheus');
    const root = join(holdfast.directory, 'adopted');
    const adopt = (from: string) => holdfast.run(['--data', root, 'adopt', from], { bare: true });
    for (const from of [database, holdfast.path('volumes', 'prometheus')]) {
      expectError(await changesNothing([], () => adopt(from)), 'not-adoptable', from, `process ${pid}`, 'prometheus');
    }
    expect(existsSync(root)).toBe(false);

    const leads = join(holdfast.directory, 'leads-out');
    await mkdir(join(leads, 'wal'), { recursive: true });
    await writeFile(join(leads, 'wal', '00000000'), 'x');
    await symlink('/etc/passwd', join(leads, 'wal', '00000001'));
    const before = await snapshotTree(leads);
    expectError(await adopt(leads), 'not-adoptable', leads, '00000001');
    expect(await snapshotTree(leads)).toEqual(before);
    expect(existsSync(join(root, 'volumes', 'prometheus'))).toBe(false);
  });

  test('a torn journal line: runs lists the run, and the next command works', async () => {
    const { json } = await holdfast.succeed(confirmed('rebuild'));
    expect(json.proof?.lost.samples).toBe(0);
    const journal = holdfast.path('journal', `${json.run ?? ''}.ndjson`);
    await truncate(journal, (await readFile(journal)).length - 20);
    const listed = (await holdfast.succeed(['runs'])).json.runs?.find(({ run }) => run === json.run);
    expect(listed).toMatchObject({ verb: 'rebuild', state: 'interrupted' });
    expect((await holdfast.say(['runs'])).stdout).toContain(json.run ?? '');
    await holdfast.succeed(['up']);
    expect((await holdfast.succeed(confirmed('rebuild'))).json.proof?.lost.samples).toBe(0);
    await expectNothingLost();
  });

  /** A rebuild that has just begun its step of this kind. */
  async function rebuildUntil(kind: string): Promise<RunningCommand> {
    const running = holdfast.start(confirmed('rebuild'));
    await waitFor(`the rebuild comes to ${kind}`, async () => hasBegun(running.output.stdout, kind), { everyMs: 5 });
    return running;
  }

  const hasBegun = (stdout: string, kind: string) =>
    stdout.split('\n').some((line) => line.startsWith('{"type":"step-started"') && line.includes(`"kind":"${kind}"`));

  test('a holder that is paused keeps its lock, and finishes when it goes on', async () => {
    const holder = await rebuildUntil('start-component');
    sendSignal(holder.pid, 'SIGSTOP');
    for (const verb of [['up'], ['down'], confirmed('rebuild'), confirmed('teardown')]) {
      const error = expectError(await holdfast.run(verb), 'locked', 'rebuild', `process ${holder.pid}`);
      expect(error.remedy).toContain(`kill ${holder.pid}`);
      expect(error.details).toMatchObject({ holder: { pid: holder.pid, verb: 'rebuild' } });
    }
    // Who only looks is not kept waiting.
    expect((await holdfast.status()).lastRun).toMatchObject({ verb: 'rebuild', state: 'running' });
    expect((await holdfast.run(['rebuild', '--plan'])).exitCode).toBe(0);
    sendSignal(holder.pid, 'SIGCONT');
    expect((await holder.outcome).exitCode).toBe(0);
    await expectNothingLost();
  });

  test('a holder that was killed delays nobody, and its run is finished', async () => {
    const holder = await rebuildUntil('remove-rendered');
    sendSignal(holder.pid, 'SIGKILL');
    await holder.outcome;
    const { json } = await holdfast.succeed(confirmed('rebuild'));
    expect(json.proof?.lost.samples).toBe(0);
    await expectNothingLost();
  });

  test('a holder that is a zombie is dead', async () => {
    const { path, line } = commandLine([...confirmed('rebuild'), '--json']);
    // `sleep` takes the place of the shell and waits for no child.
    const script = '"$0" "$@" & echo "$!" >&2; exec sleep 600 >&-';
    const parent = await startParent(script, [path, ...line]);
    const { pid } = parent;
    await waitFor('the rebuild stops things', async () => hasBegun(parent.running.output.stdout, 'stop-process'), {
      everyMs: 5,
    });
    sendSignal(pid, 'SIGKILL');
    await waitFor('it is a zombie', async () => (await readState(pid)) === 'Z');
    const { json } = await holdfast.succeed(confirmed('rebuild'));
    expect(json.proof?.lost.samples).toBe(0);
    expect(await readState(pid)).toBe('Z');
    sendSignal(parent.running.pid, 'SIGKILL');
    await parent.running.outcome;
    await expectNothingLost();
  });

  async function startParent(script: string, words: readonly string[]) {
    const { startCommand } = await import('../harness/run-command.ts');
    const running = startCommand('sh', ['-c', script, ...words], options());
    const pid = await waitFor(
      'the child has a pid',
      async () => Number(running.output.stderr.split('\n')[0]) || undefined,
      {
        everyMs: 5,
      },
    );
    return { running, pid };
  }

  test('Prometheus killed, and killed again: it comes back by itself, and says why it was away', async () => {
    await expectNothingLost();
    const before = pids(await holdfast.status());
    for (let time = 1; time <= 3; time += 1) {
      const { pid } = await waitFor('Prometheus runs', async () => {
        const found = await holdfast.component('prometheus');
        return found.state === 'running' && found.pid !== null && (await isAlive(found.pid)) && { pid: found.pid };
      });
      sendSignal(pid, 'SIGKILL');
      await waitUntilGone(pid);
      // Not ok while it is away, and never without a word.
      const outcome = await holdfast.run(['status']);
      if (outcome.json.ok === false) expect(outcome.exitCode).toBe(1);
    }
    await waitFor('all three deaths are counted', async () => {
      const { state, restarts } = await holdfast.component('prometheus');
      return state === 'running' && restarts === 3;
    });
    await expectNothingLost();
    const status = await holdfast.status();
    const prometheus = status.components.find(({ name }) => name === 'prometheus');
    expect(prometheus?.reason).toMatch(/SIGKILL/);
    expect({ ...pids(status), prometheus: 0 }).toEqual({ ...before, prometheus: 0 });
    // Each unclean stop could destroy a WAL that a repair does not understand, so it was set aside first.
    expect((await readdir(holdfast.path('set-aside', 'prometheus'))).length).toBeGreaterThan(0);
    expect((await holdfast.succeed(confirmed('rebuild'))).json.proof?.lost.samples).toBe(0);
  });

  test('the daemon killed with -9: the components go on, and the next up takes them over without a gap', async () => {
    const [before, daemon] = [await holdfast.status(), await daemonPid()];
    sendSignal(daemon, 'SIGKILL');
    await waitUntilGone(daemon);
    const killedAtMs = Date.now();
    const without = await holdfast.run(['status']);
    expect(without.exitCode).toBe(1);
    expect(without.json.findings?.map(({ rule }) => rule)).toContain('daemon-not-running');
    const asker = await openAsker(holdfast);
    await waitFor('samples come in without a daemon', async () => {
      const newest = Object.values(await asker.query('timestamp(up{job="prometheus"})', Date.now()))[0];
      return Number(newest) * 1000 > killedAtMs;
    });
    await holdfast.succeed(['up']);
    const after = await holdfast.status();
    expect(pids(after)).toEqual(pids(before));
    expect(after.daemon?.pid).not.toBe(daemon);
    await expectNothingLost();
  });

  test('a daemon that is paused: every command says so and how to wake it, and nothing is touched', async () => {
    const [before, pid] = [await holdfast.status(), await daemonPid()];
    const files = await still();
    sendSignal(pid, 'SIGSTOP');
    try {
      const [status, up] = await Promise.all([holdfast.run(['status']), holdfast.run(['up'])]);
      expect(expectError(status, 'not-ok', `pid ${pid}`, 'no answer').remedy).toContain(`kill -CONT ${pid}`);
      expect(status.json.components?.map(({ name }) => name)).toContain('prometheus');
      expect(expectError(up, 'daemon-unreachable', `pid ${pid}`).remedy).toContain(`kill -CONT ${pid}`);
      expectError(await holdfast.run(confirmed('rebuild')), 'daemon-unreachable', `pid ${pid}`);
      expectError(await holdfast.run(['daemon']), 'locked', `process ${pid}`);
      expect(await still()).toEqual(files);
    } finally {
      sendSignal(pid, 'SIGCONT');
    }
    await expectNothingLost();
    expect(pids(await holdfast.status())).toEqual(pids(before));
  });

  test('a daemon that ran while the stack was down is used by the next up', async () => {
    await holdfast.succeed(['down']);
    const daemon = holdfast.start(['daemon'], { timeoutMs: 600_000 });
    await waitFor('the daemon answers', async () => (await holdfast.status()).daemon?.pid === daemon.pid);
    await holdfast.succeed(['up']);
    expect(await daemonPid()).toBe(daemon.pid);
    await expectNothingLost();
  });
});
