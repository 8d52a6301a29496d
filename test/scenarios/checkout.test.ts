import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endProcessesOf, sendSignal, waitUntilGone } from '../harness/end-processes.ts';
import { findProcessesNaming } from '../harness/find-processes.ts';
import { makeCheckout } from '../harness/make-checkout.ts';
import { findRegistrySilence } from '../harness/npm-registry.ts';
import { runCommand, startCommand, type RunningCommand } from '../harness/run-command.ts';
import { waitFor } from '../harness/wait-for.ts';

/**
 * A fresh clone, and its first ./holdfast: it installs exactly what package-lock.json names and builds, once. Two that
 * come at the same time do not fight; one that is killed in the midst of the installation leaves nothing that the next
 * takes for whole, even where npm itself lives on.
 */
const silence = await findRegistrySilence();
const story = `a fresh clone${silence === undefined ? '' : ` (skipped: ${silence})`}`;
let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-checkout-test-'));
});
afterAll(async () => {
  await endProcessesOf(home);
  await rm(home, { recursive: true, force: true });
});

/** NODE_ENV=production must not leave out what the build needs. */
const environment = { ...process.env, NODE_ENV: 'production' };

async function clone(name: string): Promise<string> {
  return makeCheckout(join(home, name), { installed: false });
}

function launch(checkout: string): RunningCommand {
  const options = { environment, timeoutMs: 280_000, cwd: checkout };
  return startCommand(join(checkout, 'holdfast'), ['--version'], options);
}

async function expectWhole(checkout: string): Promise<void> {
  const wanted = JSON.parse(await readFile(join(checkout, 'package.json'), 'utf8')) as { readonly version: string };
  expect(await launch(checkout).outcome).toMatchObject({ exitCode: 0, stdout: `${wanted.version}\n`, stderr: '' });
  const { stdout, exitCode } = await runCommand('npm', ['ls', '--all', '--offline'], { cwd: checkout });
  expect(exitCode, stdout).toBe(0);
}

/** The pids of the preparing node and of its npm, once npm has begun to fill node_modules. */
async function waitForInstallation(checkout: string): Promise<{ readonly preparing: number; readonly npm: number }> {
  const isFilled = async () => stat(join(checkout, 'node_modules')).then(() => true);
  await waitFor('npm fills node_modules', isFilled, { timeoutMs: 120_000, everyMs: 20 });
  const found = await findProcessesNaming(checkout);
  const preparing = found.find(({ commandLine }) => commandLine.includes('prepare-checkout.mjs'));
  const npm = found.find(({ commandLine }) => commandLine.startsWith('npm ci'));
  if (preparing === undefined || npm === undefined) throw new Error(`Not installing: ${JSON.stringify(found)}`);
  return { preparing: preparing.pid, npm: npm.pid };
}

describe.skipIf(silence !== undefined)(story, () => {
  test('two at once: one installs and builds, the other waits for it, both run', async () => {
    const checkout = await clone('for two');
    const outcomes = await Promise.all([launch(checkout).outcome, launch(checkout).outcome]);
    expect(outcomes.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    const [first, second] = outcomes.map(({ stderr }) => stderr).sort((a, b) => b.length - a.length);
    expect(first).toContain('installing the build tools (npm ci)');
    expect(first).toContain('holdfast: building');
    expect(second).toBe('holdfast: another command is preparing this checkout; waiting for it\n');
    await expectWhole(checkout);
  });

  test('killed together with npm in the midst of the installation: the next one installs it whole', async () => {
    const checkout = await clone('killed');
    launch(checkout);
    const { preparing, npm } = await waitForInstallation(checkout);
    for (const pid of [preparing, npm]) sendSignal(pid, 'SIGKILL');
    for (const pid of [preparing, npm]) await waitUntilGone(pid);
    const { exitCode, stderr } = await launch(checkout).outcome;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('installing the build tools (npm ci)');
    await expectWhole(checkout);
  });

  test('killed alone, npm lives on: the next one waits for npm, and two never write to node_modules', async () => {
    const checkout = await clone('orphaned');
    launch(checkout);
    const { preparing, npm } = await waitForInstallation(checkout);
    // Paused, npm is certain to be there still when the next command comes.
    sendSignal(npm, 'SIGSTOP');
    sendSignal(preparing, 'SIGKILL');
    await waitUntilGone(preparing);
    const next = launch(checkout);
    await waitFor('the next one waits', async () => next.output.stderr.includes('waiting for it'));
    sendSignal(npm, 'SIGCONT');
    expect(await next.outcome).toMatchObject({ exitCode: 0 });
    await expectWhole(checkout);
  });
});
