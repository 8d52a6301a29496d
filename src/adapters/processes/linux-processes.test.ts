import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasCode } from '../../errors/holdfast-error.ts';
import type { ProcessIdentity } from '../../model/process-identity.ts';
import { createProcesses } from './linux-processes.ts';

const processes = createProcesses({ pollMs: 20 });
const started: ProcessIdentity[] = [];
let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-processes-'));
});

afterEach(async () => {
  for (const identity of started.splice(0)) await processes.kill(identity);
  await rm(directory, { recursive: true });
});

async function start(path: string, ...args: readonly string[]): Promise<ProcessIdentity> {
  const identity = await processes.spawn({
    path,
    arguments: args,
    environment: { PATH: '/usr/bin:/bin', HOLDFAST_INSTANCE: `token of ${directory}` },
    workingDirectory: directory,
    logFile: join(directory, 'log'),
  });
  started.push(identity);
  return identity;
}

async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('waited for 10 s');
}

const logText = () => readFile(join(directory, 'log'), 'utf8');
const loggedLine = () =>
  until(async () => (await logText().catch(() => '')).includes('\n') && (await logText()).trim());

describe('identity', () => {
  test('knows itself, and tells a reused pid by its start', async () => {
    const self = processes.self();
    expect(self.pid).toBe(process.pid);
    expect(await processes.identify(process.pid)).toEqual(self);
    expect(await processes.isAlive(self)).toBe(true);
    expect(await processes.isAlive({ ...self, startTicks: self.startTicks + 1 })).toBe(false);
    expect(await processes.isAlive({ ...self, bootId: 'another' })).toBe(false);
  });

  test('cannot judge a process of another host, and says so', async () => {
    const error = await processes.isAlive({ ...processes.self(), host: 'other' }).catch((reason: unknown) => reason);
    expect(hasCode(error, 'locked')).toBe(true);
  });

  test('a zombie is dead, though a signal can be sent to it', async () => {
    // The shell becomes `sleep 60`, which never waits for the child that it inherits.
    await start('/bin/sh', '-c', 'sleep 0.01 & echo $!; exec sleep 60');
    const pid = Number(await loggedLine());
    const state = await until(async () => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      return text.includes(') Z ') && text;
    });
    expect(process.kill(pid, 0)).toBe(true);
    expect(await processes.identify(pid)).toBeUndefined();
    const startTicks = Number(state.split(' ')[21]);
    expect(await processes.isAlive({ ...processes.self(), pid, startTicks })).toBe(false);
  });

  test('a paused process is alive, and can be stopped', async () => {
    const identity = await start('/bin/sleep', '60');
    process.kill(identity.pid, 'SIGSTOP');
    // While both were pending, SIGTERM would be delivered first: the lower number wins.
    await until(async () => (await readFile(`/proc/${identity.pid}/stat`, 'utf8')).includes(') T '));
    expect(await processes.isAlive(identity)).toBe(true);
    expect(await processes.stop(identity, { graceMs: 100 })).toBe('killed');
    expect(await processes.isAlive(identity)).toBe(false);
  });

  test('without a machine-id the host is still named, and the same each time', () => {
    const options = { machineIdFile: join(directory, 'none') };
    const [first, second] = [createProcesses(options).self(), createProcesses(options).self()];
    expect(first).toEqual(second);
    expect(first.host).not.toBe('');
  });
});

describe('spawn', () => {
  test('gives a session of its own, a private log that is appended to, and only the environment named', async () => {
    await writeFile(join(directory, 'log'), 'before\n', { mode: 0o600 });
    const identity = await start('/bin/sh', '-c', 'env | grep -v -e PWD -e SHLVL -e _= | sort; exec sleep 60');
    await until(async () => (await logText()).includes('PATH'));
    expect(await logText()).toBe(`before\nHOLDFAST_INSTANCE=token of ${directory}\nPATH=/usr/bin:/bin\n`);
    expect((await stat(join(directory, 'log'))).mode & 0o777).toBe(0o600);
    expect((await readFile(`/proc/${identity.pid}/stat`, 'utf8')).split(' ')[5]).toBe(String(identity.pid));
  });

  test.each(['/nonexistent/program', '/etc/passwd'])('%s cannot be executed: an error that names it', async (path) => {
    const error = await start(path).catch((reason: unknown) => reason);
    expect(hasCode(error, 'io') && error.message).toContain(path);
  });

  test('says how a child ended', async () => {
    const failing = await start('/bin/sh', '-c', 'exit 3');
    await processes.waitForEnd(failing, AbortSignal.timeout(10_000));
    expect(processes.findExit(failing)).toEqual({ code: 3, signal: null });
    const killed = await start('/bin/sleep', '60');
    expect(processes.findExit(killed)).toBeUndefined();
    await processes.kill(killed);
    expect(processes.findExit(killed)).toEqual({ code: null, signal: 'SIGKILL' });
  });
});

describe('stop', () => {
  test('ends with SIGTERM what heeds it, and is done at once with what is gone', async () => {
    const identity = await start('/bin/sleep', '60');
    expect(await processes.stop(identity, { graceMs: 10_000 })).toBe('terminated');
    expect(await processes.stop(identity, { graceMs: 10_000 })).toBe('gone');
  });

  test('kills what does not heed SIGTERM', async () => {
    const identity = await start('/bin/sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.05; done');
    await loggedLine();
    expect(await processes.stop(identity, { graceMs: 200 })).toBe('killed');
  });

  test('never signals a process that only has the same pid', async () => {
    const identity = await start('/bin/sleep', '60');
    expect(await processes.stop({ ...identity, startTicks: identity.startTicks - 1 }, { graceMs: 100 })).toBe('gone');
    expect(await processes.isAlive(identity)).toBe(true);
  });

  test('ends what a script has started, and not only the script', async () => {
    const identity = await start('/bin/sh', '-c', 'sleep 60 & echo $!; wait');
    const child = Number(await loggedLine());
    expect(await processes.identify(child)).toBeDefined();
    await processes.stop(identity, { graceMs: 5_000 });
    expect(await processes.identify(child)).toBeUndefined();
  });

  test('a wait ends with its signal', async () => {
    const identity = await start('/bin/sleep', '60');
    const reason = new Error('enough');
    await expect(processes.waitForEnd(identity, AbortSignal.abort(reason))).rejects.toBe(reason);
  });

  test('waits for a process that another one has started', async () => {
    const child = spawn('/bin/sleep', ['60']);
    const identity = await processes.identify(child.pid ?? 0);
    if (identity === undefined) throw new Error('sleep did not start');
    const waiting = processes.waitForEnd(identity, AbortSignal.timeout(10_000));
    child.kill();
    await waiting;
    expect(await processes.isAlive(identity)).toBe(false);
  });
});

describe('looking', () => {
  test('finds a process by its environment', async () => {
    const identity = await start('/bin/sleep', '60');
    expect(await processes.findByEnvironment('HOLDFAST_INSTANCE', `token of ${directory}`)).toEqual([identity]);
    expect(await processes.findByEnvironment('HOLDFAST_INSTANCE', `token of`)).toEqual([]);
  });

  test('names who listens on a port', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect((await processes.findListener(port))?.pid).toBe(process.pid);
    expect(await processes.isListening(processes.self(), port)).toBe(true);
    const stranger = await start('/bin/sleep', '60');
    expect(await processes.isListening(stranger, port)).toBe(false);
    await new Promise((resolve) => server.close(resolve));
    expect(await processes.findListener(port)).toBeUndefined();
  });
});

test('finds who has a file below a directory open for writing, and not who only reads one', async () => {
  const data = join(directory, 'data');
  await mkdir(join(data, 'wal'), { recursive: true });
  await writeFile(join(data, 'wal', '00000000'), 'x');
  await start('/bin/sh', '-c', 'exec 3< data/wal/00000000; echo reads; exec sleep 60');
  await until(async () => (await logText()).includes('reads'));
  expect(await processes.findWriterBelow(data)).toBeUndefined();
  const writer = await start('/bin/sh', '-c', 'exec 3>> data/wal/00000000; echo writes; exec sleep 60');
  await until(async () => (await logText()).includes('writes'));
  expect(await processes.findWriterBelow(data)).toEqual({ pid: writer.pid, command: 'sleep' });
  await expect(processes.findWriterBelow(join(data, 'nowhere'))).rejects.toMatchObject({ code: 'io' });
});

test('blocks that are deleted while a directory is listed are no reason to fail', async () => {
  const data = join(directory, 'fleeting');
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const blocks = Array.from({ length: 40 }, (_, number) => join(data, `block-${number}`));
    for (const block of blocks) await mkdir(join(block, 'chunks'), { recursive: true });
    const deleted = Promise.all(blocks.map((block) => rm(block, { recursive: true })));
    expect(await processes.findWriterBelow(data)).toBeUndefined();
    await deleted;
  }
});
