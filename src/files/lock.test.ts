import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createProcesses } from '../adapters/processes/linux-processes.ts';
import { hasCode, type HoldfastError } from '../errors/holdfast-error.ts';
import { readLock, takeLock, type LockHolder } from './lock.ts';
import { bundleForChild } from './testdata/bundle-for-child.ts';

const processes = createProcesses({ pollMs: 20 });
const self: LockHolder = { ...processes.self(), verb: 'rebuild', run: 'r1' };
const isAlive: typeof processes.isAlive = (identity) => processes.isAlive(identity);
const children: ChildProcess[] = [];
let directory = '';
let path = '';

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
  path = join(directory, 'lock.json');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(directory, { recursive: true, force: true });
});

const take = (holder: LockHolder = self, breakForeign = false) => takeLock(path, { holder, isAlive, breakForeign });
const refusal = (taking: Promise<unknown>) =>
  taking.then(
    () => expect.unreachable('the lock was given'),
    (error: unknown) => error as HoldfastError,
  );
const writeHolder = (holder: LockHolder) =>
  writeFile(path, JSON.stringify({ format: 1, ...holder, token: '0123456789abcdef' }));

/** A real process that takes the lock, says so, and stays. */
async function startHolder(): Promise<{ readonly child: ChildProcess; readonly holder: LockHolder }> {
  const child = spawn('/bin/sleep', ['300']);
  children.push(child);
  const identity = await processes.identify(child.pid ?? 0);
  const holder = { ...self, ...identity, verb: 'teardown', run: 'r0' };
  await takeLock(path, { holder, isAlive });
  return { child, holder };
}

test('is taken, refuses the next one naming the holder, and is given back', async () => {
  const lock = await take();
  const error = await refusal(take());
  expect(error.code).toBe('locked');
  expect(error.exitStatus).toBe(11);
  expect(error.message).toContain(`rebuild (run r1), process ${process.pid}`);
  await lock.release();
  expect(await readdir(directory)).toEqual([]);
  await (await take()).release();
});

test('a holder that was killed does not delay the next one', async () => {
  const { child } = await startHolder();
  expect((await refusal(take())).code).toBe('locked');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const lock = await take();
  expect(await readLock(path)).toMatchObject({ state: 'held', holder: self });
  expect(await readdir(directory)).toEqual(['lock.json']);
  await lock.release();
});

test('a holder that is paused is not robbed', async () => {
  const { child } = await startHolder();
  child.kill('SIGSTOP');
  expect((await refusal(take())).message).toContain(`process ${child.pid}`);
  expect((await refusal(take(self, true))).message).toContain('alive');
});

test('a holder that is a zombie is gone', async () => {
  // The shell becomes `sleep`, which never waits for the child that it inherits.
  const parent = spawn('/bin/sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 300'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(parent);
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const identity = await processes.identify(Number(String(line)));
  await takeLock(path, { holder: { ...self, ...identity }, isAlive });
  const isZombie = async () => (await readFile(`/proc/${identity?.pid}/stat`, 'utf8')).includes(') Z ');
  while (!(await isZombie())) await new Promise((resolve) => setTimeout(resolve, 20));
  await (await take()).release();
});

test('a pid that was reused, and a boot that is over, hold nothing', async () => {
  for (const gone of [{ startTicks: self.startTicks + 1 }, { bootId: 'an earlier boot' }]) {
    await writeHolder({ ...self, ...gone });
    await (await take()).release();
  }
});

describe('what cannot be judged is refused', () => {
  test('another host keeps its lock, however old, until it is broken on purpose', async () => {
    await writeHolder({ ...self, host: 'other', pid: 1 });
    const error = await refusal(take());
    expect(error.message).toContain('on host other');
    expect(error.remedy).toContain('--unsafe-break-lock');
    const lock = await take(self, true);
    expect(await readLock(path)).toMatchObject({ state: 'held', holder: self });
    await lock.release();
  });

  test.each([
    ['empty', ''],
    ['torn', '{"format":1,"host":"a'],
    ['of another kind', '{"format":2}'],
  ])('a lock file that is %s', async (_, text) => {
    await writeFile(path, text);
    const error = await refusal(take());
    expect(error.code).toBe('locked');
    expect(error.remedy).toContain('--unsafe-break-lock');
    expect(await readFile(path, 'utf8')).toBe(text);
    await (await take(self, true)).release();
    expect(await readdir(directory)).toEqual([]);
  });
});

describe('two takers that see the same stale lock', () => {
  const dead = { ...self, startTicks: self.startTicks + 1, verb: 'up', run: 'gone' };

  test('of many at once exactly one gets it', async () => {
    for (let round = 0; round < 20; round += 1) {
      await writeHolder(dead);
      const taken = await Promise.allSettled(Array.from({ length: 8 }, () => take()));
      const locks = taken.filter((result) => result.status === 'fulfilled').map((result) => result.value);
      const errors = taken.filter((result) => result.status === 'rejected').map((result) => result.reason as unknown);
      expect(locks).toHaveLength(1);
      expect(errors.filter((error) => !hasCode(error, 'locked'))).toEqual([]);
      await locks[0]?.release();
      expect(await readdir(directory)).toEqual([]);
    }
  });

  test('a slow one that had judged the old lock cannot rob the quick one', async () => {
    await writeHolder(dead);
    let quick: Promise<unknown> | undefined;
    const slow = takeLock(path, {
      holder: self,
      // The judgement is overtaken: before it is given, another taker has already replaced the stale lock.
      isAlive: async (identity) => {
        if (identity.startTicks !== dead.startTicks) return isAlive(identity);
        await (quick ??= take({ ...self, run: 'quick' }));
        return false;
      },
    });
    expect((await refusal(slow)).message).toContain('run quick');
    expect(await readLock(path)).toMatchObject({ holder: { run: 'quick' } });
  });

  test('one that died between leaves nothing that blocks', async () => {
    await writeHolder(dead);
    const guard = `${path}.takeover-0123456789abcdef`;
    await writeFile(guard, JSON.stringify({ format: 1, ...dead, token: 'fedcba9876543210' }));
    await (await take()).release();
    expect(await readdir(directory)).toEqual([]);
  });
});

test('real processes that kill each other never hold it at once', async () => {
  const script = await bundleForChild(
    directory,
    './src/files/testdata/lock-contender.ts',
    'await contend(process.argv[2]);',
  );
  const counter = join(directory, 'inside');
  const contenders = Array.from({ length: 3 }, () => spawn(process.execPath, [script, directory], { stdio: 'ignore' }));
  children.push(...contenders);
  for (let round = 0; round < 12; round += 1) {
    await new Promise((resolve) => setTimeout(resolve, 60));
    const index = round % contenders.length;
    const victim = contenders[index];
    victim?.kill('SIGKILL');
    const next = spawn(process.execPath, [script, directory], { stdio: 'ignore' });
    children.push(next);
    contenders[index] = next;
  }
  await until(async () => (await readFile(`${counter}.log`, 'utf8').catch(() => '')).split('\n').length > 30);
  for (const child of contenders) child.kill('SIGKILL');
  expect(await readFile(`${counter}.log`, 'utf8')).not.toContain('clash');
});

async function until(look: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 400; attempt += 1) {
    if (await look()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('waited for 20 s');
}

test('errors of the file system: named, and nothing is taken', async () => {
  const notWritable = await refusal(takeLock('/sys/lock.json', { holder: self, isAlive }));
  expect(notWritable.code).toBe('data-root-not-writable');
  const missing = await refusal(takeLock(join(directory, 'missing', 'lock.json'), { holder: self, isAlive }));
  expect(missing.code).toBe('io');
});

test('release leaves a lock that was broken and taken by another', async () => {
  const lock = await take();
  await writeHolder({ ...self, host: 'other' });
  await lock.release();
  expect(await readLock(path)).toMatchObject({ holder: { host: 'other' } });
});
