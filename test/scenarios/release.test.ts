import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, open, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRelease } from '../../tools/release.mjs';
import { describeStack } from '../harness/describe-stack.ts';
import { findRegistrySilence } from '../harness/npm-registry.ts';
import { makePathWithoutNode } from '../harness/path-without-node.ts';
import { runCommand } from '../harness/run-command.ts';
import { takeWholeTrip } from '../harness/whole-trip.ts';

/**
 * A machine without Node.js. Somebody carries a release archive there, unpacks it in a folder whose name has blanks, calls
 * it through a symlink, and takes the stack up and down. The archive for arm64 cannot be run here: its content is read.
 */
const silence = await findRegistrySilence();
const story = `the release archives${silence === undefined ? '' : ` (skipped: ${silence})`}`;
let home = '';
let release = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-release-test-'));
  release = join(home, 'release');
  if (silence === undefined) await makeRelease({ outdir: release });
}, 300_000);
afterAll(() => rm(home, { recursive: true, force: true }));

async function unpack(architecture: string): Promise<string> {
  const names = await readdir(release);
  const archive = names.find((name) => name.endsWith(`-linux-${architecture}.tar.gz`)) ?? 'missing';
  const folder = join(home, `a folder for ${architecture}`);
  await mkdir(folder);
  expect(await runCommand('tar', ['-xzf', join(release, archive), '-C', folder])).toMatchObject({ exitCode: 0 });
  expect(await readdir(folder)).toEqual([archive.replace('.tar.gz', '')]);
  return join(folder, archive.replace('.tar.gz', ''));
}

describe.skipIf(silence !== undefined)(story, () => {
  test('are named with their sums', async () => {
    const checked = await runCommand('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: release });
    expect(checked).toMatchObject({ exitCode: 0 });
    expect(checked.stdout.trim().split('\n')).toHaveLength(2);
    expect((await readdir(release)).sort()).toEqual([
      'SHA256SUMS',
      expect.stringMatching(/^holdfast-.*-linux-arm64\.tar\.gz$/),
      expect.stringMatching(/^holdfast-.*-linux-x64\.tar\.gz$/),
    ]);
  });

  test('the same sources make the same bytes', async () => {
    const again = join(home, 'again');
    const [name = ''] = await makeRelease({ outdir: again, only: ['arm64'] });
    expect(await sum(join(again, name))).toBe(await sum(join(release, name)));
  });

  test('arm64: a Node.js for that machine, a launcher that says so on another, and the same bundle', async () => {
    const folder = await unpack('arm64');
    const file = await open(join(folder, 'node', 'bin', 'node'));
    const { buffer } = await file.read(Buffer.alloc(20), 0, 20, 0);
    await file.close();
    // elf(5): e_machine of AArch64.
    expect(buffer.readUInt16LE(18)).toBe(183);
    const { exitCode, stderr } = await runCommand(join(folder, 'bin', 'holdfast'), ['--version']);
    if (process.arch === 'x64') {
      expect(exitCode).toBe(1);
      expect(stderr).toContain('this archive is for Linux on aarch64, and this machine is Linux on x86_64');
    }
    expect(await readFile(join(folder, 'LICENSE'), 'utf8')).toContain('Apache License');
    expect(await readFile(join(folder, 'lib', 'THIRD-PARTY-LICENSES.txt'), 'utf8')).toContain('commander');
    expect(await readdir(join(folder, 'lib'))).toContain('main.js');
  });
});

describeStack('a machine without Node.js', () => {
  test('unpacked in a folder with blanks, called through a symlink: up, status, down', async ({ skip }) => {
    skip(silence !== undefined, silence);
    skip(process.arch !== 'x64', 'this machine is not x64');
    const folder = await unpack('x64');
    const path = await makePathWithoutNode(home);
    const search = await runCommand('sh', ['-c', 'command -v node'], { environment: { PATH: path } });
    expect(search.exitCode).toBe(127);
    const command = join(home, 'hf');
    await symlink(join('a folder for x64', folder.split('/').at(-1) ?? '', 'bin', 'holdfast'), command);
    await takeWholeTrip(command, path);
  });
});

async function sum(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}
